// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tapgrant-helper: one request, one reply, exit.  Installed setuid root.
 *
 * What happens, by privilege:
 *
 *   root                    start    the process is made its own; log and netlink are opened
 *                           request  the one request that waits on descriptor 0 is received
 *                           policy   the policy is read, and what it needs of /etc; the last heap
 *   caller, CAP_NET_ADMIN   decide   for every interface, before any is made; then for each:
 *                           device   the tap is made exclusively, and root's at once
 *                           quota    one of the caller's slots is claimed, by an alternative name
 *                           link     addresses, MTU, bridge are set; read back; up
 *                           reply    the grant is logged, and the tap is made the caller's
 *   caller                           the reply is sent
 *
 * There is no way back and nothing to clean up.  Whatever fails ends the process, its descriptors
 * close, and the kernel removes the taps with them.  There are two exceptions, and SECURITY.md has
 * both: a tap that was given to the caller already, and a multi-queue tap that a process attached
 * to before it was root's, if this process is killed in the next moment.
 * Hostile: the caller, who sends the request, may stop or kill the process at any instruction, and
 * watches everything that it does to the network.
 */
#include <errno.h>
#include <unistd.h>

#include "conf/file/file.h"
#include "helper/grant/grant.h"
#include "helper/privilege/privilege.h"
#include "helper/setuid/start.h"

#define GROUPS_MOST 65536 /* NGROUPS_MAX, include/uapi/linux/limits.h */

/* The real ids are the caller's.  Only this function and the next ask the kernel for them. */
static void read_ids(struct caller *caller) {
    caller->uid = getuid();
    caller->gid = getgid();
}

static int read_groups(struct caller *caller) {
    static gid_t groups[GROUPS_MOST];
    int count = getgroups(GROUPS_MOST, groups);

    if (count < 0) {
        return -errno;
    }
    caller->groups = groups;
    caller->group_count = (size_t)count;
    return 0;
}

/* -errno of whatever is wrong with the policy, or with a file that it needs. */
static int read_policy(struct policy *policy,
                       const struct caller *caller,
                       struct policy_subject *subject) {
    static struct policy_accounts accounts;
    const char *path;
    char *text;
    size_t size;
    int error = file_read_trusted(POLICY_FOLDER, "policy.conf", POLICY_SIZE, &text, &size);

    if (error) {
        return error;
    }
    error = policy_parse(policy, text, size, NULL, NULL);
    if (error) {
        return error;
    }
    error = policy_accounts_read(policy, &accounts, &path);
    if (error) {
        return error;
    }
    return policy_resolve(policy, &accounts, caller, subject);
}

/* If start_clean() fails that is logged as well, so the log is opened and the caller known. */
static int start(struct grant *grant, struct caller *caller) {
    int result = start_clean();

    read_ids(caller);
    grant->caller = caller;
    grant->log = log_open();
    grant->tell = log_send;
    grant->via = "setuid";
    return result ? result : link_connect();
}

/*
 * The helper acts in its caller's network namespace, and cannot tell whether that is the host's.  A
 * tap that is to be the host's must not silently be made somewhere else.
 */
static int check_netns(struct grant *grant) {
    for (uint32_t i = 0; i < grant->request.count; i++) {
        if (grant->request.interface[i].netns != WIRE_NETNS_OWN) {
            grant->index = i;
            return WIRE_OTHER_NETNS;
        }
    }
    return 0;
}

/* From the first instruction up to the caller's taps: 0, -errno or an enum wire_status. */
static int serve(struct grant *grant, struct caller *caller) {
    static struct policy policy;
    static struct policy_subject subject;
    int policy_error;
    int result;

    grant->policy = &policy;
    grant->subject = &subject;
    grant->stage = WIRE_START;
    result = start(grant, caller);
    if (result) {
        return result;
    }
    grant->stage = WIRE_REQUEST;
    result = request_receive(STDIN_FILENO, &grant->request);
    if (result) {
        return result;
    }
    grant->stage = WIRE_POLICY;
    result = check_netns(grant);
    if (result) {
        return result;
    }
    policy_error = read_groups(caller);
    if (!policy_error) {
        policy_error = read_policy(&policy, caller, &subject);
    }
    /* Whatever the policy is: the process has read it, and its caller must not look into it. */
    result = privilege_enter(caller->uid, caller->gid);
    if (result) {
        return result;
    }
    /* A policy that cannot be used, for whatever reason, is a denial like any other. */
    return policy_error ? WIRE_DENIED : grant_run(grant);
}

/* All ways lead here.  Returns the exit status. */
static int finish(struct grant *grant, int result) {
    if (privilege_leave(grant->caller->uid, grant->caller->gid)) {
        return 1;
    }
    if (grant->stage == WIRE_START && result == -ENOTSOCK) {
        return 1; /* there is nobody to answer */
    }
    grant_fill_reply(grant, result);
    if (reply_send(STDIN_FILENO, &grant->request, &grant->reply, grant->tap)) {
        return 1;
    }
    return result ? 1 : 0;
}

int main(void) {
    static struct grant grant;
    static struct caller caller;
    int result = serve(&grant, &caller);

    _exit(finish(&grant, result)); /* libc has nothing to do at the end */
}
