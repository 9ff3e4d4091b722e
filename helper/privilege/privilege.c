// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Hostile here: what the caller left in our process: capability sets, securebits, limits that make
 * setuid(2) fail (CVE-2000-0506, CVE-2014-3215).  So nothing is believed that the kernel does not
 * say again when asked.
 * Privilege held: this file is where it goes.
 */
#include "helper/privilege/privilege.h"

#include <cap-ng.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/filter.h>

#define SETS 2 /* struct __user_cap_data_struct has 32 capabilities */

static long set_capabilities(const struct __user_cap_data_struct sets[SETS]) {
    struct __user_cap_header_struct self = {.version = _LINUX_CAPABILITY_VERSION_3};

    return syscall(SYS_capset, &self, sets);
}

static bool has_ids(uid_t uid, gid_t gid) {
    uid_t uids[3];
    gid_t gids[3];

    if (getresuid(&uids[0], &uids[1], &uids[2]) || getresgid(&gids[0], &gids[1], &gids[2])) {
        return false;
    }
    for (int i = 0; i < 3; i++) {
        if (uids[i] != uid || gids[i] != gid) {
            return false;
        }
    }
    return true;
}

/* Exactly the capabilities of WANTED, a mask of the first 32, effective and permitted. */
static bool has_capabilities(uint32_t wanted) {
    struct __user_cap_header_struct self = {.version = _LINUX_CAPABILITY_VERSION_3};
    const struct __user_cap_data_struct expected[SETS] = {{wanted, wanted, 0}};
    struct __user_cap_data_struct sets[SETS];

    return !syscall(SYS_capget, &self, sets) && !memcmp(sets, expected, sizeof(sets));
}

/*
 * By ourselves: libcap-ng would read /proc/PID/status three times for it, which takes longer than
 * all else here.  The kernel answers EINVAL for the first capability that it does not have.
 */
static void empty_bounding_set(void) {
    int capability = 0;

    while (!prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)) {
        capability++;
    }
}

static bool is_bounding_set_empty(void) {
    unsigned long capability = 0;
    int is_in_set = prctl(PR_CAPBSET_READ, capability, 0, 0, 0);

    while (!is_in_set) {
        capability++;
        is_in_set = prctl(PR_CAPBSET_READ, capability, 0, 0, 0);
    }
    return is_in_set < 0 && errno == EINVAL;
}

static bool is_ambient_set_empty(void) {
    unsigned long capability = 0;
    int is_in_set = prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, capability, 0, 0);

    while (!is_in_set) {
        capability++;
        is_in_set = prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, capability, 0, 0);
    }
    return is_in_set < 0 && errno == EINVAL;
}

/* Tries to have back what was given up: if anything works, it was not. */
static bool can_regain(uid_t uid, gid_t gid) {
    const struct __user_cap_data_struct all[SETS] = {{~0u, ~0u, ~0u}, {~0u, ~0u, ~0u}};
    const uid_t same_uid = (uid_t)-1;
    const gid_t same_gid = (gid_t)-1;

    if (!set_capabilities(all)) {
        return true;
    }
    if (!uid) {
        return false; /* the caller is root: there is no id to regain */
    }
    if (!setresuid(same_uid, 0, same_uid)) {
        return true;
    }
    return gid && !setresgid(same_gid, 0, same_gid);
}

/* Neither a debugger nor a core file may show the process, nor a program that it executes gain. */
static int seal(void) {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)) {
        return WIRE_UNPRIVILEGED;
    }
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0) {
        return WIRE_UNPRIVILEGED;
    }
    return 0;
}

static int load_filter(void) {
    static const struct sock_filter filter[] = {
#include "helper/privilege/filter.inc"
    };
    static const struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), (void *)filter};

    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) ? WIRE_UNPRIVILEGED : 0;
}

int privilege_enter(uid_t uid, gid_t gid) {
    empty_bounding_set();
    capng_clear(CAPNG_SELECT_BOTH);
    if (capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_ADMIN)) {
        return WIRE_UNPRIVILEGED;
    }
    if (capng_change_id((int)uid, (int)gid, CAPNG_CLEAR_AMBIENT)) {
        return WIRE_UNPRIVILEGED;
    }
    if (!has_ids(uid, gid) || !has_capabilities(1u << CAP_NET_ADMIN)) {
        return WIRE_UNPRIVILEGED;
    }
    if (!is_bounding_set_empty() || !is_ambient_set_empty() || can_regain(uid, gid)) {
        return WIRE_UNPRIVILEGED;
    }
    if (seal()) {
        return WIRE_UNPRIVILEGED;
    }
    return load_filter();
}

int privilege_leave(uid_t uid, gid_t gid) {
    const struct __user_cap_data_struct none[SETS] = {{0, 0, 0}};

    if (setresgid(gid, gid, gid) || setresuid(uid, uid, uid) || set_capabilities(none)) {
        return -EPERM;
    }
    return has_ids(uid, gid) && has_capabilities(0) ? 0 : -EPERM;
}
