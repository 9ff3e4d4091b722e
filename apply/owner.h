/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within tapgrant-apply: who owns a tap, and what else only a queue of it can set.  QUEUE is a
 * queue of the tap, and TAP what the tap was when all was planned.  Functions return 0 or a
 * negative errno.
 */
#pragma once

#include "apply/links/links.h"

#include <sys/types.h>

/* Makes the tap persistent, and UID's.  -EUSERS: UID has no meaning in this user namespace. */
CHECKED int owner_give(int queue, uid_t uid);

/*
 * Makes the tap root's, with no queue but QUEUE, and with nothing that its last owner set.
 * -EBUSY: another process has it open, and would end up with what the next owner is to have; the
 * tap is as it was.
 */
CHECKED int owner_take(int queue, const struct link_state *tap);

/* Makes the tap its last owner's again. */
CHECKED int owner_put_back(int queue, const struct link_state *tap);

/*
 * Makes the link type Ethernet's: no bridge takes another (net/bridge/br_if.c, br_add_if()).  The
 * tap is down afterwards, because the kernel does not change the type of a link that is up.  No
 * other process may have it open, which could change the type again.
 */
CHECKED int owner_reset_link_type(int queue, const struct link_state *tap);
