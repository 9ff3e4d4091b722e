/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within tapgrant-apply: the steps of a correction.  The tap may be in use at each.  Functions
 * return 0 or a negative errno.  A step that fails has put back what it changed, or resource->left
 * says what could not be put back.
 */
#pragma once

#include "apply/resource.h"

/* How often a move to another bridge is tried: each try costs the holder frames. */
#define STEPS_MOST_MOVES 2

/* The kernel changes these under traffic, and no frame is lost. */
CHECKED int step_label(struct resource *resource);
CHECKED int step_link_group(struct resource *resource);
CHECKED int step_host_mac(struct resource *resource);
CHECKED int step_ipv6(struct resource *resource);
CHECKED int step_port(struct resource *resource); /* all settings but the lock */
CHECKED int step_lock(struct resource *resource);

/* The same, but with a pause if the MTU rises to where the tap gets IPv6. */
CHECKED int step_mtu(struct resource *resource);

/* Another bridge, or none, with all that a port is; with a pause. */
CHECKED int step_bridge(struct resource *resource);

/* The last of all, so that a tap that is up is complete. */
CHECKED int step_up(struct resource *resource);

/*
 * Does the MTU rise to where the kernel makes the tap's IPv6, switched on (net/ipv6/addrconf.c,
 * NETDEV_CHANGEMTU)?
 */
bool step_brings_ipv6(const struct resource *resource);

/* Has a bridge whose MTU was not set kept it, now that a port has another one?  -ESTALE: no. */
CHECKED int step_check_bridge_mtu(const struct resource *resource);
