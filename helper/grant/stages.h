/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The helper's own stages, in the order in which they run; device and link have theirs in helper/link/link.h, policy in
 * conf/policy/policy.h.
 * Functions return 0, a negative errno, or an enum wire_status: the answer that the caller is to get.
 */
#pragma once

#include "helper/link/link.h"
#include "conf/policy/policy.h"

/*
 * Should: leave no descriptor but the request's open (1 and 2 become /dev/null), no environment, no signal blocked,
 * ignored or handled, no timer but our own deadline; and see that this is a setuid process outside user namespaces.
 * Mustn't: look at argv, or read a byte that the caller wrote.
 * -ENOTSOCK: descriptor 0 is not a SOCK_SEQPACKET unix socket, so there is nobody to answer.
 * -ENOMEM: the caller's limit of the stack is below WIRE_STACK.
 */
CHECKED int start_clean(void);

/* Receives the one request that waits, without blocking, and checks every byte. */
CHECKED int request_receive(int socket, struct wire_request *request);

/*
 * Should: become the caller in all ids, with CAP_NET_ADMIN alone, for good; not be traced or dumped; and prove each.
 * Mustn't: change the supplementary groups (they may be what opens /dev/net/tun), or return 0 with more than that.
 */
CHECKED int privilege_enter(void);

/*
 * Should: give up what is left, in whatever state it is called, and prove it.
 * Mustn't: be followed by anything that needs a privilege.
 */
CHECKED int privilege_leave(void);

/* The host's log, non-blocking, for one line for each decision; -1: there is none.  Opened as root. */
int log_open(void);

/* The reply, and every queue of its COUNT devices, in one message and without waiting. */
CHECKED int reply_send(int socket, const struct wire_reply *reply, const struct device *devices);
