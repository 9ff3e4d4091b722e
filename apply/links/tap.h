/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within tapgrant-apply: what the state of a link says of it as a tap, and a queue of a tap. */
#pragma once

#include "apply/links/links.h"

/* The label in the tag of a tap that tapgrant-apply made.  NULL: tapgrant-apply did not make it. */
const char *tap_label(const struct link_state *tap);

/* Did the helper make it for a user? */
bool tap_is_granted(const struct link_state *tap);

bool tap_is_persistent(const struct link_state *tap);

/* The kind that can have several queues. */
bool tap_is_multi_queue(const struct link_state *tap);

uint32_t tap_count_queues(const uint32_t tun[IFLA_TUN_MAX + 1]);

/*
 * As far as the kernel shows it: the holder of a tap with one queue can hide by taking its carrier
 * away.
 */
bool tap_is_in_use(const struct link_state *tap);

/* A persistent tap that the helper made for a user, and that no process seems to use. */
bool tap_is_leftover(const struct link_state *tap);

/*
 * Do frames pass: is it up, and not paused?  Somebody may have made it dormant by hand, which
 * alone does not pause it.
 */
bool tap_is_running(const struct link_state *tap);

/* Can another process attach to it beside its holders? */
bool tap_has_room(const struct link_state *tap);

/*
 * A queue of the tap, with its carrier as it is, and without a change of what its first opener
 * left.  Never makes a tap.  -EBUSY: all the queues that it can have are attached; -ENODEV: it is
 * gone.  The caller closes the descriptor.
 */
CHECKED int tap_open_queue(const struct link_state *tap);
