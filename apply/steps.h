/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within tapgrant-apply: the steps of which a correction consists. Each is for a device that may
 * be in use. Functions return 0 or a negative errno; a step that fails has put back what it
 * changed, or item->left says what could not be put back.
 */
#pragma once

#include "apply/resource.h"

#define IPV6_LEAST_MTU 1280 /* linux/ipv6.h, IPV6_MIN_MTU: below it a device has no IPv6 */

#define MOVES 2 /* tries to move a device that is used: each costs its user frames */

/* Live: what the kernel changes under traffic.  No frame is lost. */
CHECKED int step_label(struct item *item);
CHECKED int step_link_group(struct item *item);
CHECKED int step_host_mac(struct item *item);
CHECKED int step_mtu(struct item *item); /* paused where it rises to IPV6_LEAST_MTU */
CHECKED int step_ipv6(struct item *item);
CHECKED int step_port(struct item *item);
CHECKED int step_lock(struct item *item);

/* Another bridge, or none, with all that a port is.  Paused. */
CHECKED int step_bridge(struct item *item);

/* What is up is complete: it is the last of all. */
CHECKED int step_up(struct item *item);

/*
 * Between these two the user of a device that runs sends and receives nothing, and notices
 * nothing else. An error of the first: it goes on. An error of the second: it stays paused, as
 * item->left says.
 */
CHECKED int pause_begin(struct item *item);
CHECKED int pause_end(struct item *item);

/* Somebody may be sending through it. */
bool item_runs(const struct item *item);

/* The kernel makes the device's IPv6 then, switched on (net/ipv6/addrconf.c, NETDEV_CHANGEMTU). */
bool item_brings_ipv6(const struct item *item);

/*
 * Is MAC free to be the device's own? A bridge gives it to that device at once, and takes it from
 * a guest (net/bridge/br_fdb.c, fdb_add_local()). -EADDRNOTAVAIL: it is a guest's.
 */
CHECKED int check_own_mac(const struct item *item, const uint8_t mac[6]);

/* A bridge whose MTU was not set follows its ports'.  -ESTALE: it did. */
CHECKED int check_bridge_mtu(const struct item *item);

/* The settings that the port is to have. */
uint64_t lock_wanted_port(const struct item *item);

/*
 * Gives the port the settings WANTED, and reads them back; where they lock it, GUEST_MAC is tied
 * to it, else nothing is.
 */
CHECKED int lock_set(uint32_t index, const struct link *bridge, uint64_t wanted,
                     const uint8_t guest_mac[6]);

/* The same with the settings BEFORE, and the address that was tied when all was planned. */
CHECKED int lock_put_back(const struct item *item, uint32_t bridge, uint64_t before);
