/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within managed/: the service is asked, by its socket alone.  Nothing here makes a process, waits
 * for one, or changes a signal.
 */
#pragma once

#include "lib/managed/message.h"

#include <sys/types.h>

#define SERVICE_SECONDS 10 /* for all tries together */

/* What came of asking it. */
enum service_outcome {
    SERVICE_ANSWERED,
    SERVICE_UNREACHABLE, /* fault.error: why connect(2) failed; -EAGAIN: nobody accepts */
    SERVICE_UNTRUSTED,   /* fault.uid listens, who is neither root nor the service's account */
    SERVICE_BUSY,        /* it had too much to do until SERVICE_SECONDS had passed */
    SERVICE_ENDED,       /* twice, the connection ended before an answer */
    SERVICE_LATE,        /* no answer within SERVICE_SECONDS */
    SERVICE_FAILED       /* answer->failed_call, with fault.error */
};

struct service_fault {
    int error; /* a negative errno */
    uid_t uid;
};

/*
 * Sends the request to the service, and takes its answer.  A service that is busy is asked again,
 * until SERVICE_SECONDS have passed.
 *
 * The thread must not be cancelled meanwhile: UNCANCELLED.  The descriptors of the answer are the
 * caller's to close whatever is returned.
 */
CHECKED enum service_outcome service_converse(const struct wire_request *request,
                                              struct answer *answer,
                                              struct service_fault *fault);
