// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the kernel says of the ids and capabilities of this process; and the way to have none.
 * Nothing is believed that the kernel does not say again when asked.
 * Hostile here: who started the process, in the setuid helper; nobody in the service.
 * Privilege held: this file is where it goes.
 */
#include "helper/privilege/checks.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "helper/privilege/privilege.h"

long privilege_set(const struct __user_cap_data_struct sets[PRIVILEGE_SETS]) {
    struct __user_cap_header_struct self = {.version = _LINUX_CAPABILITY_VERSION_3};

    return syscall(SYS_capset, &self, sets);
}

bool privilege_has_ids(const struct privilege_ids *ids) {
    struct privilege_ids now;

    if (getresuid(&now.real, &now.effective, &now.saved)) {
        return false;
    }
    if (getresgid(&now.gid[0], &now.gid[1], &now.gid[2])) {
        return false;
    }
    return !memcmp(&now, ids, sizeof(now));
}

bool privilege_has(uint32_t effective, uint32_t permitted, uint32_t inheritable) {
    struct __user_cap_header_struct self = {.version = _LINUX_CAPABILITY_VERSION_3};
    const struct __user_cap_data_struct expected[PRIVILEGE_SETS] = {
        {effective, permitted, inheritable}};
    struct __user_cap_data_struct sets[PRIVILEGE_SETS];

    return !syscall(SYS_capget, &self, sets) && !memcmp(sets, expected, sizeof(sets));
}

bool privilege_is_ambient_set_empty(void) {
    unsigned long capability = 0;
    int is_in_set = prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, capability, 0, 0);

    while (!is_in_set) {
        capability++;
        is_in_set = prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, capability, 0, 0);
    }
    return is_in_set < 0 && errno == EINVAL;
}

bool privilege_can_regain(const struct privilege_ids *ids) {
    const struct __user_cap_data_struct all[PRIVILEGE_SETS] = {{~0u, ~0u, ~0u}, {~0u, ~0u, ~0u}};
    const uid_t same = (uid_t)-1; /* a gid_t too */

    if (!privilege_set(all)) {
        return true;
    }
    if (!ids->effective) {
        return false; /* the caller is root: there is no id to regain */
    }
    if (!setresuid(same, 0, same)) {
        return true;
    }
    return ids->gid[0] && !setresgid(same, 0, same);
}

int privilege_seal(void) {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)) {
        return WIRE_UNPRIVILEGED;
    }
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0) {
        return WIRE_UNPRIVILEGED;
    }
    return 0;
}

int privilege_leave(uid_t uid, gid_t gid) {
    const struct __user_cap_data_struct none[PRIVILEGE_SETS] = {{0, 0, 0}};
    const struct privilege_ids ids = {uid, uid, uid, {gid, gid, gid}};

    if (setresgid(gid, gid, gid) || setresuid(uid, uid, uid) || privilege_set(none)) {
        return -EPERM;
    }
    return privilege_has_ids(&ids) && privilege_has(0, 0, 0) ? 0 : -EPERM;
}
