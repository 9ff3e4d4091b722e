/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within the library: the helper as a child process that the program around us never notices.
 */
#pragma once

#include "wire/wire.h"

#include <sys/types.h>

#define HELPER_SECONDS 5 /* for the whole conversation */

struct helper_answer {
    struct wire_reply reply;
    size_t size;             /* bytes received; 0: the helper ended without an answer */
    int descriptor[WIRE_QUEUES + 1];
    size_t descriptors;      /* all of them are the caller's to close, whatever else is wrong */
    bool truncated;          /* there were more bytes or descriptors than any answer has */
    int wait_status;         /* as of waitpid(2) */
};

/*
 * Executes PATH with an empty environment, the request waiting on its descriptor 0, waits for its end, and takes the one
 * message that it left.  Suspends the calling thread.  0; -ETIMEDOUT (it was killed); or a negative errno of execve(2),
 * *EXECUTED false, or of the conversation.
 */
CHECKED int helper_converse(const char *path, const struct wire_request *request, struct helper_answer *answer,
                            bool *executed);
