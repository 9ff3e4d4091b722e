// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A child of the service: one connection, one request, one reply, exit.
 *
 * What happens, by privilege:
 *
 *   service user,          warm     netlink is opened, the seccomp filter loaded
 *   setuid, setgid,        take     a connection comes; from here on it lives 4 seconds at most
 *   CAP_NET_ADMIN          policy   the files are looked at, and read again if they changed
 *                          become   groups, gid and effective uid are the caller's
 *   effective the caller,  request  the request is received, and every byte of it checked
 *   CAP_NET_ADMIN          decide to reply, as in the setuid helper
 *   caller                          the reply is sent
 *
 * No byte of the caller's is read with more than its own ids and CAP_NET_ADMIN.  Its real and saved
 * uid are the service user's until the last step, so that the caller can neither stop nor end it.
 * In the last step they are the caller's, so that the descriptors that are under way count for the
 * caller and for nobody else (net/core/scm.c, too_many_unix_fds()).
 *
 * There is no way back and nothing to clean up.  Whatever fails ends the process, its descriptors
 * close, and the kernel removes the taps with them.
 * Hostile here: the caller, who sends the request, and watches everything that is done to the
 * network.
 */
#include "helper/service/child.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "helper/privilege/service.h"
#include "helper/service/identity.h"
#include "helper/service/messages.h"

#define DEADLINE 4 /* seconds: less than the library waits */

/* A log_fn: the parent writes the line. */
static bool report_line(int channel, int priority, const char *line) {
    struct child_report report = {.step = CHILD_LOGS, .priority = priority};

    memcpy(report.line, line, strnlen(line, sizeof(report.line) - 1));
    return !pass_send(channel, &report, sizeof(report), -1, 0);
}

static int report_leaving(int channel) {
    const struct child_report report = {.step = CHILD_LEAVES};

    return pass_send(channel, &report, sizeof(report), -1, 0);
}

/* What a warm child knows of itself. */
struct self {
    uid_t uid;          /* the service user */
    uint64_t namespace; /* of its network; 0: the kernel cannot tell */
};

static uint64_t own_namespace(void) {
    int made = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    uint64_t cookie = made < 0 ? 0 : identity_namespace(made);

    close(made);
    return cookie;
}

static int wait_for_connection(int channel, int *connection) {
    const struct itimerval deadline = {.it_value.tv_sec = DEADLINE};
    char byte = 0;
    int error = pass_receive(channel, &byte, sizeof(byte), connection, 0);

    if (error) {
        return error;
    }
    if (*connection < 0) {
        return WIRE_UNPRIVILEGED;
    }
    return setitimer(ITIMER_REAL, &deadline, NULL) ? WIRE_UNPRIVILEGED : 0;
}

static int become(const struct self *self, const struct caller *caller, struct privilege_ids *ids) {
    *ids = (struct privilege_ids){
        .real = self->uid,
        .effective = caller->uid,
        .saved = self->uid,
        .gid = {caller->gid, caller->gid, caller->gid},
    };
    return privilege_take_on(ids, caller->groups, caller->group_count);
}

/* The first interface that is to be in the caller's own network namespace; COUNT: there is none. */
static uint32_t find_own_netns(const struct wire_request *request) {
    uint32_t i = 0;

    while (i < request->count && request->interface[i].netns == WIRE_NETNS_HOST) {
        i++;
    }
    return i;
}

/* As the caller: 0, -errno or an enum wire_status. */
static int answer(struct grant *grant, int connection, const struct fresh_policy *fresh) {
    static struct policy_subject subject;
    bool is_elsewhere = grant->caller->is_in_other_netns;
    uint32_t own;
    int result;

    grant->stage = WIRE_REQUEST;
    result = request_receive(connection, &grant->request);
    if (result) {
        return result;
    }
    grant->stage = WIRE_POLICY;
    own = find_own_netns(&grant->request);
    if (is_elsewhere && own < grant->request.count) {
        grant->index = own;
        return WIRE_OTHER_NETNS;
    }
    /* Whatever is wrong with the policy, there is no rule. */
    if (fresh->error || policy_resolve(&fresh->policy, &fresh->accounts, grant->caller, &subject)) {
        return is_elsewhere ? WIRE_OTHER_NETNS : WIRE_DENIED;
    }
    grant->policy = &fresh->policy;
    grant->subject = &subject;
    return grant_run(grant);
}

/*
 * The kernel removes a tap when its last queue is closed.  The end of this process would do that,
 * but after the caller has heard of it.  What it then asks for would meet taps that it does not
 * have.
 */
static int close_queues(const struct grant *grant) {
    for (uint32_t i = 0; i < grant->request.count; i++) {
        const struct tap *tap = &grant->tap[i];

        for (unsigned queue = 0; queue < tap->queues; queue++) {
            if (close(tap->queue[queue])) {
                return -errno;
            }
        }
    }
    return 0;
}

static bool is_same_namespace(const struct self *self, int connection) {
    return self->namespace && identity_namespace(connection) == self->namespace;
}

/* Up to the caller's taps, and the reply.  Returns the exit status. */
static int serve(const struct self *self, int channel, int connection, struct fresh_policy *fresh) {
    static struct grant grant;
    static struct caller caller;
    struct privilege_ids ids;

    fresh_update(fresh);
    if (identity_read(connection, &caller) || become(self, &caller, &ids)) {
        return 1;
    }
    caller.is_in_other_netns = !is_same_namespace(self, connection);
    grant.caller = &caller;
    grant.log = channel;
    grant.tell = report_line;
    grant.via = "service";
    grant_fill_reply(&grant, answer(&grant, connection, fresh));
    /* what is refused goes while the caller cannot stop this process */
    if (!grant.reply.count && close_queues(&grant)) {
        return 1;
    }
    if (report_leaving(channel) || privilege_give_up(&ids)) {
        return 1;
    }
    if (reply_send(connection, &grant.request, &grant.reply, grant.tap)) {
        return 1;
    }
    /* the caller waits for the end of the connection, which is the last to be closed */
    return grant.reply.count && close_queues(&grant) ? 1 : 0;
}

void child_run(int channel, struct fresh_policy *fresh) {
    const struct self self = {.uid = getuid(), .namespace = own_namespace()};
    int connection;

    if (link_connect() || privilege_confine()) {
        _exit(1);
    }
    if (wait_for_connection(channel, &connection)) {
        _exit(1);
    }
    _exit(serve(&self, channel, connection, fresh)); /* libc has nothing to do at the end */
}
