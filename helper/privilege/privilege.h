/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From root to the caller, in two steps that cannot be undone.  Nothing else in the helper changes
 * ids or capabilities.
 */
#pragma once

#include <sys/types.h>

#include "wire/wire.h"

/*
 * Should: make all ids the caller's, keep CAP_NET_ADMIN alone, not be traced or dumped, load the
 * seccomp filter; and prove each.
 * Mustn't: change the supplementary groups (they may be what opens /dev/net/tun), or return 0 with
 * more than that.
 * WIRE_UNPRIVILEGED: it could not.
 */
CHECKED int privilege_enter(uid_t uid, gid_t gid);

/*
 * Should: give up what is left, in whatever state it is called, and prove it.
 * Mustn't: be followed by anything that needs a privilege.
 * -EPERM: it could not.
 */
CHECKED int privilege_leave(uid_t uid, gid_t gid);
