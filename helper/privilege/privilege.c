// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Purpose: from root to the caller, in two steps that cannot be undone.  The only file that changes ids and
 * capabilities.
 * Hostile here: what the caller left in our process: capability sets, securebits, limits that make setuid(2) fail
 * (CVE-2000-0506, CVE-2014-3215).  So nothing is believed that the kernel does not say again when asked.
 * Privilege held: this file is where it goes.
 */
#include "helper/grant/stages.h"

#include <cap-ng.h>
#include <linux/seccomp.h>

static struct __user_cap_header_struct self = {.version = _LINUX_CAPABILITY_VERSION_3};

/* All ids the caller's, and of all capabilities only those of WANTED. */
static bool is_caller_with(uint32_t wanted) {
    struct __user_cap_data_struct sets[2];
    uid_t uid[3], gid[3]; /* gid_t is the same */

    return !getresuid(&uid[0], &uid[1], &uid[2]) && !getresgid(&gid[0], &gid[1], &gid[2]) && uid[0] == uid[1] &&
           uid[0] == uid[2] && gid[0] == gid[1] && gid[0] == gid[2] && !syscall(SYS_capget, &self, sets) &&
           !memcmp(sets, &(struct __user_cap_data_struct[2]){{wanted, wanted, 0}}, sizeof(sets));
}

/* Bounding and ambient set; the kernel answers EINVAL for the first capability that it does not have. */
static bool bounds_are_empty(void) {
    unsigned long cap = 0;

    while (!prctl(PR_CAPBSET_READ, cap, 0, 0, 0) && !prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, cap, 0, 0)) cap++;
    return prctl(PR_CAPBSET_READ, cap, 0, 0, 0) < 0 && errno == EINVAL;
}

/* Tries to have back what was given up: whatever of it works is a failure. */
static bool can_regain(void) {
    /* root that asked for itself has nobody to become */
    return !syscall(SYS_capset, &self, &(struct __user_cap_data_struct[2]){{~0u, ~0u, ~0u}, {~0u, ~0u, ~0u}}) ||
           (getuid() && (!setresuid((uid_t)-1, 0, (uid_t)-1) || (getgid() && !setresgid((gid_t)-1, 0, (gid_t)-1))));
}

int privilege_enter(void) {
    static const struct sock_filter filter[] = {
#include "helper/privilege/filter.inc"
    };
    static const struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), (void *)filter};

    /* by ourselves: libcap-ng would read /proc/PID/status three times for it, which takes longer than all else here */
    for (int cap = 0; !prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);) cap++;
    capng_clear(CAPNG_SELECT_BOTH);
    if (capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_ADMIN) ||
        capng_change_id((int)getuid(), (int)getgid(), CAPNG_CLEAR_AMBIENT) ||
        !is_caller_with(1u << CAP_NET_ADMIN) || !bounds_are_empty() || can_regain()) return WIRE_UNPRIVILEGED;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) ||
           prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) ||
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) ? WIRE_UNPRIVILEGED : 0;
}

int privilege_leave(void) {
    return setresgid(getgid(), getgid(), getgid()) || setresuid(getuid(), getuid(), getuid()) ||
           syscall(SYS_capset, &self, &(struct __user_cap_data_struct[2]){0}) || !is_caller_with(0) ? -EPERM : 0;
}
