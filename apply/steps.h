/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within tapgrant-apply: the steps of which a correction consists. Each is for a device that may
 * be in use. Functions return 0 or a negative errno; a step that fails has put back what it
 * changed, or resource->left says what could not be put back.
 */
#pragma once

#include "apply/resource.h"

#define IPV6_LEAST_MTU 1280 /* linux/ipv6.h, IPV6_MIN_MTU: below it a device has no IPv6 */

#define MOVES 2 /* tries to move a device that is used: each costs its user frames */

/* Live: what the kernel changes under traffic.  No frame is lost. */
CHECKED int step_label(struct resource *resource);
CHECKED int step_link_group(struct resource *resource);
CHECKED int step_host_mac(struct resource *resource);
CHECKED int step_mtu(struct resource *resource); /* paused where it rises to IPV6_LEAST_MTU */
CHECKED int step_ipv6(struct resource *resource);
CHECKED int step_port(struct resource *resource);
CHECKED int step_lock(struct resource *resource);

/* Another bridge, or none, with all that a port is.  Paused. */
CHECKED int step_bridge(struct resource *resource);

/* What is up is complete: it is the last of all. */
CHECKED int step_up(struct resource *resource);

/*
 * Between these two the user of a device that runs sends and receives nothing, and notices
 * nothing else. An error of the first: it goes on. An error of the second: it stays paused, as
 * resource->left says.
 */
CHECKED int pause_begin(struct resource *resource);
CHECKED int pause_end(struct resource *resource);

/* Somebody may be sending through it. */
bool resource_is_running(const struct resource *resource);

/* The kernel makes the device's IPv6 then, switched on (net/ipv6/addrconf.c, NETDEV_CHANGEMTU). */
bool step_brings_ipv6(const struct resource *resource);

/*
 * Is MAC free to be the device's own? A bridge gives it to that device at once, and takes it from
 * a guest (net/bridge/br_fdb.c, fdb_add_local()). -EADDRNOTAVAIL: it is a guest's.
 */
CHECKED int host_mac_check(const struct resource *resource, const uint8_t mac[6]);

/* A bridge whose MTU was not set follows its ports'.  -ESTALE: it did. */
CHECKED int step_check_bridge_mtu(const struct resource *resource);

/* The settings that the port is to have. */
uint64_t port_settings_wanted(const struct resource *resource);

/*
 * Gives the port the settings WANTED, and reads them back; where they lock it, GUEST_MAC is tied
 * to it, else nothing is.
 */
CHECKED int port_settings_lock(uint32_t index, const struct link *bridge, uint64_t wanted,
                     const uint8_t guest_mac[6]);

/* The same with the settings BEFORE, and the address that was tied when all was planned. */
CHECKED int port_settings_put_back(const struct resource *resource, uint32_t bridge, uint64_t before);
