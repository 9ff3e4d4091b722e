/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within tapgrant-apply: the tap's own address.  Functions return 0 or a negative errno. */
#pragma once

#include "apply/resource.h"

/*
 * The first byte of a generated address, which is above that of the bridge's other ports, as in
 * libvirt's addresses: a bridge whose address was not set takes the lowest one.
 */
#define HOST_MAC_GENERATED 0xfe

/* The address that is to be set: the plan's, or a generated one. */
CHECKED int host_mac_choose(const struct resource *resource, uint8_t mac[6]);

/*
 * Is MAC free to be the tap's own address?  The bridge gives it to the tap at once, and takes it
 * from a guest (net/bridge/br_fdb.c, fdb_add_local()).  -EADDRNOTAVAIL: a guest has it.
 */
CHECKED int host_mac_check(const struct resource *resource, const uint8_t mac[6]);
