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
#include <sys/prctl.h>

#include <linux/filter.h>

#include "helper/privilege/checks.h"

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

static int load_filter(void) {
    static const struct sock_filter filter[] = {
#include "helper/privilege/filter.inc"
    };
    static const struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), (void *)filter};

    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) ? WIRE_UNPRIVILEGED : 0;
}

int privilege_enter(uid_t uid, gid_t gid) {
    const struct privilege_ids ids = {uid, uid, uid, {gid, gid, gid}};
    const uint32_t net_admin = 1u << CAP_NET_ADMIN;

    empty_bounding_set();
    capng_clear(CAPNG_SELECT_BOTH);
    if (capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_ADMIN)) {
        return WIRE_UNPRIVILEGED;
    }
    if (capng_change_id((int)uid, (int)gid, CAPNG_CLEAR_AMBIENT)) {
        return WIRE_UNPRIVILEGED;
    }
    if (!privilege_has_ids(&ids) || !privilege_has(net_admin, net_admin, 0)) {
        return WIRE_UNPRIVILEGED;
    }
    if (!is_bounding_set_empty() || !privilege_is_ambient_set_empty()) {
        return WIRE_UNPRIVILEGED;
    }
    if (privilege_can_regain(&ids)) {
        return WIRE_UNPRIVILEGED;
    }
    if (privilege_seal()) {
        return WIRE_UNPRIVILEGED;
    }
    return load_filter();
}
