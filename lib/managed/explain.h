/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within managed/: what was answered instead of a grant, in words. */
#pragma once

#include "conf/interface/interface.h"
#include "lib/managed/service.h"
#include "lib/tapgrant.h"

/* What is known of a request that was not granted. */
struct refusal {
    const struct wire_request *request;
    const struct wire_reply *reply;
    const struct wire_device *device;  /* the reply's, of the interface that failed */
    const struct interface *interface; /* the one that failed, and its text */
    const char *spec;
    bool is_of_service;      /* not of the setuid helper */
    bool is_mac_asked_twice; /* an earlier interface asks for its guest-mac on its bridge, too */
};

/* helper_converse() failed with ERROR: CALL is answer->failed_call. */
int explain_conversation(const char *call, int error, struct tapgrant_error *failure);

/* The helper ended without an answer: WAIT_STATUS is that of waitpid(2). */
int explain_silence(int wait_status, struct tapgrant_error *failure);

/* The service did not answer: OUTCOME is not SERVICE_ANSWERED, and not what the helper is for. */
int explain_service(enum service_outcome outcome,
                    const char *call,
                    int error,
                    struct tapgrant_error *failure);

/* From another network namespace, no rule allows the INTERFACE that SPEC describes. */
int explain_other_netns(const struct interface *interface,
                        const char *spec,
                        struct tapgrant_error *failure);

/* The reply is a refusal. */
int explain_refusal(const struct refusal *refusal, struct tapgrant_error *failure);
