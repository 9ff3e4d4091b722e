/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The service's processes give up privilege in four steps, none of which can be undone:
 *
 *   parent    privilege_start_service  the service user, with four capabilities at most
 *   template  privilege_prepare        without the one to kill, and with none to pass on
 *   child     privilege_confine        the seccomp filter
 *             privilege_take_on        effective ids the caller's, CAP_NET_ADMIN alone
 *             privilege_give_up        all ids the caller's, no capability
 *
 * Each returns 0, or WIRE_UNPRIVILEGED if it could not, and the process has to end.
 */
#pragma once

#include "helper/privilege/checks.h"

/*
 * Should: become the user UID with the group GID alone, or see that the process is that; keep
 * kill, setgid, setuid and net_admin as ambient capabilities for the template that this process
 * executes, and only the first as effective; never gain by execve(2); not be dumped or traced; and
 * prove each.
 */
CHECKED int privilege_start_service(uid_t uid, gid_t gid);

/* Should: keep setgid, setuid and net_admin, pass on none; seal the process; and prove each. */
CHECKED int privilege_prepare(void);

/* Should: load the filter.  From here on a system call that is not on its list is the end. */
CHECKED int privilege_confine(void);

/*
 * Should: have GROUPS as supplementary groups, exactly these ids, and CAP_NET_ADMIN alone; and
 * prove each, by reading back and by trying to regain.
 * Mustn't: leave real or saved uid to the caller, who could then signal the process.
 * GROUPS is sorted, as SO_PEERGROUPS and getgroups(2) have them.
 */
CHECKED int privilege_take_on(const struct privilege_ids *ids, const gid_t *groups, size_t count);

/* Should: drop the last capability first, then make all ids IDS->effective; and prove both. */
CHECKED int privilege_give_up(const struct privilege_ids *ids);
