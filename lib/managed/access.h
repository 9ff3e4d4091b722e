/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within managed/: why this process cannot use the service, or the setuid helper. */
#pragma once

#include "lib/managed/service.h"
#include "lib/tapgrant.h"

#define EXPLAIN_SERVICE "service" /* the object of an error that is about it */
#define ACCESS_REASON 256         /* bytes of a reason */

/* Why the service was not the way. */
struct service_state {
    enum service_outcome outcome;
    struct service_fault fault;
    bool is_in_other_netns; /* it has answered so */
    uint32_t interface;     /* then: of the one that it does not make */
};

/*
 * False: whatever the helper's file is, it would have no privilege.  Then it is not executed: a
 * sandbox could end this process for the attempt.
 */
bool access_helper_can_work(void);

/* The helper has no privilege, or would have none. */
int access_explain_unprivileged(struct tapgrant_error *failure);

/* execve(2) of the helper failed with ERROR. */
int access_explain_execution(int error, struct tapgrant_error *failure);

/* The service was not the way. */
int access_explain_service(const struct service_state *service, struct tapgrant_error *failure);

/* The same, behind the reason why the helper is not. */
int access_add_service(const struct service_state *service, struct tapgrant_error *failure);

/* The service was not the way, and for netns=host the helper is none. */
int access_explain_host_netns(const struct service_state *service, struct tapgrant_error *failure);
