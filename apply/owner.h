/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within tapgrant-apply: whose a device is, and what else only a queue of it can set. QUEUE is
 * one, of the device that was NOW. Functions return 0 or a negative errno.
 */
#pragma once

#include "apply/links/tap.h"

#include <sys/types.h>

/* It stays, and is UID's.  -EUSERS: UID has no meaning in this user namespace. */
CHECKED int owner_give(int queue, uid_t uid);

/*
 * It is root's, with no queue but QUEUE, and with nothing that its last owner set. -EBUSY:
 * somebody uses it, who would be taken along to what is the next owner's; it is as it was.
 */
CHECKED int owner_take(int queue, const struct link_state *now);

/* It is its last owner's again. */
CHECKED int owner_put_back(int queue, const struct link_state *now);

/*
 * Its link type is Ethernet's: no bridge takes another (net/bridge/br_if.c, br_add_if()). It is
 * down then, for the kernel changes the type of one that is up as little as of a port. Nobody
 * else may hold it, who could change it again.
 */
CHECKED int owner_reset_link_type(int queue, const struct link_state *now);
