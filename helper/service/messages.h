/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Inside helper/service: what its processes say to each other.  Each message is one of a
 * SOCK_SEQPACKET pair.  The parent never waits for one.
 *
 *   parent -> template  struct fork_order, with the end of a pair that is to be the child's
 *   template -> parent  struct fork_report
 *   parent -> child     one byte, with the connection that it is to serve
 *   child -> parent     struct child_report
 *
 * The parent checks the size and every number of what it receives: a child could be in other hands.
 */
#pragma once

#include "helper/grant/grant.h"

struct fork_order {
    uint32_t slot; /* of the parent's table; the report to this order repeats it */
};

struct fork_report {
    uint32_t slot;
    int32_t child;          /* its process id; or -errno: there is none */
    int32_t policy_error;   /* 0; or -errno: the policy is void, and everybody is denied */
    uint32_t policy_serial; /* differs where the files differ */
};

enum child_step {
    CHILD_LOGS,  /* a line for the log */
    CHILD_LEAVES /* all ids of the child become the caller's: who may signal it then is its own */
};

struct child_report {
    uint32_t step;       /* enum child_step */
    int32_t priority;    /* of the line */
    char line[LOG_LINE]; /* ends with a NUL */
};

/*
 * Sends SIZE bytes, and the descriptor unless it is -1.  FLAGS: MSG_DONTWAIT or 0.  -errno of
 * sendmsg(2).
 */
CHECKED int pass_send(int channel, const void *bytes, size_t size, int descriptor, int flags);

/*
 * Receives a message of exactly SIZE bytes, and into *DESCRIPTOR the one that it carries, or -1;
 * NULL: none is taken.  FLAGS: MSG_DONTWAIT or 0.  -EAGAIN: none is there; -ESHUTDOWN: none will
 * be; -EBADMSG: it has another size, or more descriptors than that.
 */
CHECKED int pass_receive(int channel, void *bytes, size_t size, int *descriptor, int flags);
