// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Where the privilege of the service goes.  It is never root behind its start, so its capabilities
 * are all that it has.
 * Hostile here: the caller, behind privilege_take_on(): it shares its effective uid with a child.
 * kill(2), ptrace(2) and prlimit(2) ask for the real and the saved one, which stay the service
 * user's (kernel/signal.c, kill_ok_by_cred(); kernel/ptrace.c, __ptrace_may_access()).
 * Privilege held: this file is where it goes.
 */
#include "helper/privilege/service.h"

#include <errno.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "helper/privilege/privilege.h"

/* A constant expression, for initialisers.  All of ours are among the first 32. */
#define MASK(capability) (1u << (capability))
#define TO_SERVE (MASK(CAP_SETGID) | MASK(CAP_SETUID) | MASK(CAP_NET_ADMIN))
#define ALL (TO_SERVE | MASK(CAP_KILL))
#define GROUPS_MOST 65536 /* NGROUPS_MAX, include/uapi/linux/limits.h */

static bool is_kept(int capability) {
    return capability < 32 && (ALL & MASK(capability));
}

/* No program that a process of the service executes can have more than it keeps. */
static int lower_bounding_set(void) {
    int capability = 0;
    int is_in_set = prctl(PR_CAPBSET_READ, capability, 0, 0, 0);

    while (is_in_set >= 0) {
        if (is_in_set && !is_kept(capability) && prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)) {
            return WIRE_UNPRIVILEGED;
        }
        capability++;
        is_in_set = prctl(PR_CAPBSET_READ, capability, 0, 0, 0);
    }
    return 0;
}

/* From root.  Without PR_SET_KEEPCAPS the kernel would take all capabilities with the uid. */
static int become(uid_t uid, gid_t gid) {
    if (lower_bounding_set() || prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)) {
        return WIRE_UNPRIVILEGED;
    }
    if (setgroups(0, NULL) || setresgid(gid, gid, gid) || setresuid(uid, uid, uid)) {
        return WIRE_UNPRIVILEGED;
    }
    return prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) ? WIRE_UNPRIVILEGED : 0;
}

/* The ambient set is what an executed program has, if it is no setuid one. */
static int make_ambient(void) {
    for (int capability = 0; capability < 32; capability++) {
        if (is_kept(capability) &&
            prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, (unsigned long)capability, 0, 0)) {
            return WIRE_UNPRIVILEGED;
        }
    }
    return 0;
}

int privilege_start_service(uid_t uid, gid_t gid) {
    const struct privilege_ids ids = {uid, uid, uid, {gid, gid, gid}};
    const struct __user_cap_data_struct sets[PRIVILEGE_SETS] = {{MASK(CAP_KILL), ALL, ALL}};

    if (!geteuid() && become(uid, gid)) {
        return WIRE_UNPRIVILEGED;
    }
    if (privilege_set(sets) || make_ambient() || privilege_seal()) {
        return WIRE_UNPRIVILEGED;
    }
    if (!uid || !privilege_has_ids(&ids) || !privilege_has(MASK(CAP_KILL), ALL, ALL)) {
        return WIRE_UNPRIVILEGED;
    }
    return privilege_can_regain(&ids) ? WIRE_UNPRIVILEGED : 0;
}

int privilege_prepare(void) {
    const struct __user_cap_data_struct sets[PRIVILEGE_SETS] = {{TO_SERVE, TO_SERVE, 0}};

    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) || privilege_set(sets)) {
        return WIRE_UNPRIVILEGED;
    }
    if (!privilege_has(TO_SERVE, TO_SERVE, 0) || !privilege_is_ambient_set_empty()) {
        return WIRE_UNPRIVILEGED;
    }
    return privilege_seal();
}

int privilege_confine(void) {
    static const struct sock_filter filter[] = {
#include "helper/privilege/service_filter.inc"
    };
    static const struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), (void *)filter};

    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) ? WIRE_UNPRIVILEGED : 0;
}

static int take_groups(const gid_t *groups, size_t count) {
    static gid_t now[GROUPS_MOST];

    if (setgroups(count, groups)) {
        return WIRE_UNPRIVILEGED;
    }
    if (getgroups(GROUPS_MOST, now) != (int)count) {
        return WIRE_UNPRIVILEGED;
    }
    return memcmp(now, groups, count * sizeof(*now)) ? WIRE_UNPRIVILEGED : 0;
}

/*
 * The saved uid is not tried in privilege_can_regain(): taking it works, gives no capability, and
 * would lose the caller's uid for good.
 *
 * If the caller is root, its uid makes the permitted set effective: so both are lowered behind it.
 */
int privilege_take_on(const struct privilege_ids *ids, const gid_t *groups, size_t count) {
    const uint32_t net_admin = MASK(CAP_NET_ADMIN);
    const struct __user_cap_data_struct sets[PRIVILEGE_SETS] = {{net_admin, net_admin, 0}};

    if (take_groups(groups, count)) {
        return WIRE_UNPRIVILEGED;
    }
    if (setresgid(ids->gid[0], ids->gid[1], ids->gid[2])) {
        return WIRE_UNPRIVILEGED;
    }
    if (setresuid(ids->real, ids->effective, ids->saved) || privilege_set(sets)) {
        return WIRE_UNPRIVILEGED;
    }
    if (!privilege_has_ids(ids) || !privilege_has(net_admin, net_admin, 0)) {
        return WIRE_UNPRIVILEGED;
    }
    if (privilege_can_regain(ids)) {
        return WIRE_UNPRIVILEGED;
    }
    return privilege_seal();
}

int privilege_give_up(const struct privilege_ids *ids) {
    const struct __user_cap_data_struct none[PRIVILEGE_SETS] = {{0, 0, 0}};

    if (privilege_set(none)) {
        return WIRE_UNPRIVILEGED;
    }
    return privilege_leave(ids->effective, ids->gid[0]) ? WIRE_UNPRIVILEGED : 0;
}
