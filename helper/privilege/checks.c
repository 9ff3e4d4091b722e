// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the kernel says of the ids and capabilities of this process; and the way to have none.
 * Nothing is believed that the kernel does not say again when asked.
 * Hostile here: who started the process, in the setuid helper; nobody in the service.
 * Privilege held: this file is where it goes.
 */
#include "helper/privilege/checks.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "helper/privilege/privilege.h"

long privilege_set(const struct __user_cap_data_struct sets[PRIVILEGE_SETS]) {
    struct __user_cap_header_struct self = {.version = _LINUX_CAPABILITY_VERSION_3};

    return syscall(SYS_capset, &self, sets);
}

bool privilege_has_ids(const struct privilege_ids *ids) {
    uid_t uids[3];
    gid_t gids[3];

    if (getresuid(&uids[0], &uids[1], &uids[2]) || getresgid(&gids[0], &gids[1], &gids[2])) {
        return false;
    }
    if (uids[0] != ids->real || uids[1] != ids->effective || uids[2] != ids->saved) {
        return false;
    }
    return gids[0] == ids->gid && gids[1] == ids->gid && gids[2] == ids->gid;
}

bool privilege_has(uint32_t effective, uint32_t permitted, uint32_t inheritable) {
    struct __user_cap_header_struct self = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[PRIVILEGE_SETS];

    if (syscall(SYS_capget, &self, sets)) {
        return false;
    }
    if (sets[1].effective || sets[1].permitted || sets[1].inheritable) {
        return false;
    }
    return sets[0].effective == effective && sets[0].permitted == permitted &&
           sets[0].inheritable == inheritable;
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
    const uid_t same_uid = (uid_t)-1;
    const gid_t same_gid = (gid_t)-1;

    if (!privilege_set(all)) {
        return true;
    }
    if (!ids->effective) {
        return false; /* the caller is root: there is no id to regain */
    }
    if (!setresuid(same_uid, 0, same_uid)) {
        return true;
    }
    return ids->gid && !setresgid(same_gid, 0, same_gid);
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
    const struct privilege_ids ids = {uid, uid, uid, gid};

    if (setresgid(gid, gid, gid) || setresuid(uid, uid, uid) || privilege_set(none)) {
        return -EPERM;
    }
    return privilege_has_ids(&ids) && privilege_has(0, 0, 0) ? 0 : -EPERM;
}
