/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within managed/: one request and one answer, on the socket of either way. */
#pragma once

#include "wire/wire.h"

struct answer {
    struct wire_reply reply;
    size_t size;                     /* bytes received; 0: it was closed before it answered */
    int descriptor[WIRE_QUEUES + 1]; /* one more than any reply has */
    size_t descriptors;              /* they are the caller's to close, whatever else is wrong */
    bool is_longer;                  /* there were more bytes than any reply has */
    bool lacks_descriptors;          /* the kernel did not give this process all that were sent */
    bool is_of_service;              /* not of the setuid helper */
    int wait_status;                 /* of the setuid helper: that of waitpid(2) */
    const char *failed_call;         /* the system call that failed, as "socketpair" */
};

/* Sends the request, without waiting.  The negative errno of send(2). */
CHECKED int message_send(int socket, const struct wire_request *request);

/*
 * Takes the one message that waits, without waiting, into *ANSWER, which is zeros.
 * 0, also if the other end was closed without an answer; -EAGAIN: nothing came yet; or the negative
 * errno of answer->failed_call.
 */
CHECKED int message_receive(int socket, struct answer *answer);

/* Closes the descriptors that came, and makes *ANSWER zeros again. */
void message_discard(struct answer *answer);
