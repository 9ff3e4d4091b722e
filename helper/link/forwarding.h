/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside helper/link: entries of a bridge's forwarding table. */
#pragma once

#include "helper/link/link.h"

/*
 * May a tap that joins BRIDGE have MAC as its own address?  The kernel would take the address from
 * a guest that has it, also from one that is locked to it (net/bridge/br_fdb.c,
 * fdb_add_local()).  So it may be nobody's, or a link's own.  -EADDRNOTAVAIL: it is a guest's.
 */
CHECKED int forwarding_check_own(const struct link *bridge, const uint8_t mac[6]);

/*
 * Ties MAC to the port: what another port merely learned gives way, and no other port can learn or
 * claim it.  -EADDRINUSE: it is another port's, set there, or the bridge's own.  -ESTALE: the
 * kernel acknowledged what it did not do.
 */
CHECKED int forwarding_claim(const struct link *bridge, uint32_t port, const uint8_t mac[6]);
