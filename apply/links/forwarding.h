/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within tapgrant-apply: what a bridge keeps in its forwarding table for a port that is in use.
 * Functions return 0 or a negative errno.
 */
#pragma once

#include "apply/links/links.h"

/* How an address is in use on a bridge, the weakest use first. */
enum address_use {
    ADDRESS_FREE,     /* the table does not have it */
    ADDRESS_LEARNED,  /* the port sent from it: that gives way to a guest that is locked to it */
    ADDRESS_OF_GUEST, /* it is set for the port */
    ADDRESS_OWN       /* it is the own address of the port, or of the bridge */
};

/*
 * Looks for MAC on the bridge, in the VLAN of new ports too.  *INDEX: the port that has it, or the
 * bridge.
 */
CHECKED int forwarding_find(const struct link *bridge,
                            const uint8_t mac[6],
                            enum address_use *use,
                            uint32_t *index);

/*
 * Is the port locked to MAC, in VLAN too if the port is in it, and to no other address?  If MAC is
 * zeros: is it locked to none?  An entry in a VLAN that the port has left stays, and lets nothing
 * pass.
 */
CHECKED int forwarding_is_locked_to(const struct links *links,
                                    uint32_t port,
                                    const uint8_t mac[6],
                                    uint16_t vlan,
                                    bool *is_locked);

/*
 * Sets MAC for the port, in each of its VLANs, so that no other port can take it.  What other ports
 * have merely learned gives way at once, however often they send from it.  -EADDRINUSE: it is set
 * for another port, or is an own address.
 */
CHECKED int forwarding_lock(uint32_t port, const struct link *bridge, const uint8_t mac[6]);

/* Removes what forwarding_lock() set for the port, except for MAC.  MAC zeros: removes all. */
CHECKED int forwarding_unlock(uint32_t port, const uint8_t mac[6]);

/* Removes all entries of the port that do not age, except those for MAC. */
CHECKED int forwarding_remove_others(uint32_t port, const uint8_t mac[6]);

/* Removes what the port has learned. */
CHECKED int forwarding_forget(uint32_t port);
