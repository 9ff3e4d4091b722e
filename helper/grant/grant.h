/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a request to its reply.  Whoever runs these stages says who the caller is: none of them asks
 * for an id of its own process, and none keeps anything but in its struct grant.
 *
 * Functions that return int return 0, a negative errno, or an enum wire_status: the answer that the
 * caller is to get.  There is nothing to clean up: the process ends after one request, its
 * descriptors close, and the kernel removes the taps with them.
 */
#pragma once

#include "conf/policy/policy.h"
#include "helper/link/link.h"

#define LOG_LINE 288 /* bytes: more than the line of a decision has, without its head */

/* The bridge that an interface asks for; link.index 0: it asks for none, or there is none. */
struct grant_bridge {
    struct link link;
    bool is_bridge; /* the link is one, and has a name that a rule can have */
    int pinned;     /* link_pinned()'s answer */
};

/* Random numbers of one interface, from one system call. */
struct grant_random {
    uint32_t first_slot; /* where the search for a free slot begins */
    uint8_t mac[8];      /* the first six: an address that is nobody's */
};

/*
 * Takes one LINE for the host's log, without its head.  PRIORITY is one of syslog(3).  False: it
 * was not taken, and nobody waits for it.
 */
typedef bool log_fn(int log, int priority, const char *line);

/* One request, from the policy that answers it to the reply.  Too large for a stack. */
struct grant {
    const struct caller *caller;
    const struct policy *policy;
    const struct policy_subject *subject; /* the caller, as policy_resolve() filled it */
    int log;                              /* the descriptor that TELL writes to */
    log_fn *tell;
    const char *via; /* which program answers: "setuid" or "service" */
    enum wire_stage stage;
    uint32_t index; /* the interface that the stage is at */
    struct wire_request request;
    struct policy_verdict verdict[WIRE_INTERFACES];
    struct grant_bridge bridge[WIRE_INTERFACES];
    struct tap tap[WIRE_INTERFACES];
    struct grant_random random[WIRE_INTERFACES];
    struct wire_reply reply;
};

/*
 * Stage request.  Receives the one request that waits, without blocking, and checks every byte.
 * -EAGAIN: none waits; WIRE_MALFORMED; WIRE_OTHER_VERSION; WIRE_UNKNOWN_FIELD.
 */
CHECKED int request_receive(int socket, struct wire_request *request);

/*
 * Stages decide to reply.  First every interface is decided, then one after the other is made; the
 * first that fails ends it.
 * Needs: caller, policy, subject, log and a request that request_receive() has passed; the caller's
 * rights to files, and CAP_NET_ADMIN.
 * Guarantees: 0: every tap is up, as the reply describes it, logged and the caller's.  Otherwise
 * all taps go when this process ends, but for those that helper/setuid/main.c names.
 */
CHECKED int grant_run(struct grant *grant);

/*
 * Stage decide, of one interface.  Asks the kernel for its bridge, and the policy.  The bridge's
 * name may be another link's alternative one: only the name that the kernel returns is shown to the
 * policy, and from here on only the index is used.
 * WIRE_DENIED; WIRE_OTHER_NETNS: the caller is in another network namespace, and no rule allows
 * that; WIRE_UNFIT_BRIDGE: reply.faults says why; -EXDEV as of link_pinned().
 */
CHECKED int grant_decide(struct grant *grant, uint32_t index);

/* Stage device.  Makes random numbers, and the tap, exclusively and root's.  WIRE_NAME_TAKEN. */
CHECKED int grant_make_tap(struct grant *grant, uint32_t index);

/*
 * Stage quota.  Claims one of the caller's slots under its rule.  WIRE_OVER_QUOTA: all are taken,
 * and the reply's slot is how many there are.
 */
CHECKED int grant_claim_slot(struct grant *grant, uint32_t index);

/* Stage link.  Chooses the addresses, and makes the tap a port of its bridge; then it is up. */
CHECKED int grant_configure(struct grant *grant, uint32_t index);

/* Stage reply, of one interface.  Logs the grant, and makes the tap the caller's. */
CHECKED int grant_give(struct grant *grant, uint32_t index);

/*
 * Fills the reply's status and, of a refusal, logs it.  RESULT is of the stage that ended last.
 * Needs caller, log and stage, also where no other stage has filled anything.
 * All denials are equal, so that the caller cannot learn the cause.  So are all refusals for the
 * network namespace.
 */
void grant_fill_reply(struct grant *grant, int result);

/*
 * Sends the reply, in the sizes of the REQUEST, and every queue of its COUNT devices, in one
 * message and without waiting.  Of a request that was not understood REQUEST is zeros.
 * The negative errno of sendmsg(2).
 */
CHECKED int reply_send(int socket,
                       const struct wire_request *request,
                       const struct wire_reply *reply,
                       const struct tap *taps);

/* The host's log, non-blocking; -1: there is none.  Some hosts let only root open it. */
int log_open(void);

/* A log_fn: writes the line to the host's log, as tapgrant, facility authpriv. */
bool log_send(int log, int priority, const char *line);

/*
 * One line for each decision: RESULT as above, on the interface of that index.  Of a request that
 * was not valid it is zeros.
 */
void log_decision(const struct grant *grant, int result, uint32_t index);
