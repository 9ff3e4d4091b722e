/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within the library: the helper as a child process that the program around us never notices.
 */
#pragma once

#include "lib/managed/message.h"

#define HELPER_SECONDS 5 /* for the whole conversation */

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
                            struct answer *answer);
