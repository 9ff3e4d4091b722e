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
    size_t size;                     /* bytes received; 0: the helper ended without an answer */
    int descriptor[WIRE_QUEUES + 1]; /* one more than any reply has */
    size_t descriptors;              /* they are the caller's to close, whatever else is wrong */
    bool is_longer;                  /* there were more bytes than any reply has */
    bool lacks_descriptors;          /* the kernel did not give this process all that were sent */
    int wait_status;                 /* that of waitpid(2) */
    const char *failed_call;         /* the system call that failed, as "socketpair" */
};

/*
 * Executes PATH with an empty environment, the request waiting on its descriptor 0, waits for its
 * end, and takes the one message that it left.  Suspends the calling thread for at most
 * HELPER_SECONDS, and ends the helper then.
 *
 * The thread must not be cancelled meanwhile: UNCANCELLED.
 *
 * 0; -ETIMEDOUT: the helper had to be ended; -ECANCELED: somebody killed our process that waits for
 * it; or the negative errno of answer->failed_call, "execve" being the one that executes PATH.
 */
CHECKED int helper_converse(const char *path,
                            const struct wire_request *request,
                            struct helper_answer *answer);
