/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within tapgrant-apply: what a bridge keeps in its forwarding table for a port that is in use.
 * Functions return 0 or a negative errno.
 */
#pragma once

#include "apply/links/links.h"

/* Who has an address on a bridge, as far as another one could not have it. */
enum port_claim {
    PORT_FREE,    /* nobody has it */
    PORT_LEARNED, /* the port sent from it: that gives way to a guest that is to be locked to it */
    PORT_GUEST,   /* it is set for the port */
    PORT_OWN      /* it is the own address of the port, or of the bridge */
};

/* Who has MAC on the bridge, in the VLAN of new ports too.  INDEX: the port's, or the bridge's. */
CHECKED int port_claimed(const struct link *bridge, const uint8_t mac[6], enum port_claim *claim,
                         uint32_t *index);

/*
 * Is MAC tied to the port, in VLAN too if the port is in it, and no other address?  MAC zeros: is none?
 * An entry in a VLAN that the port has left stays, and lets nothing pass.
 */
CHECKED int port_is_tied(const struct taps *taps, uint32_t index, const uint8_t mac[6], uint16_t vlan,
                         bool *tied);

/*
 * Ties MAC to the port, in each of its VLANs, so that no other port can take it; what others have
 * merely learned gives way at once, however often they send from it. -EADDRINUSE: it is set for
 * another port, or is an own address.
 */
CHECKED int port_tie(uint32_t index, const struct link *bridge, const uint8_t mac[6]);

/*
 * Takes back what is tied to the port but MAC (zeros: all); EVERY: all entries that do not age,
 * whoever made them.
 */
CHECKED int port_untie(uint32_t index, const uint8_t mac[6], bool every);

/* Forgets what the port has learned. */
CHECKED int port_flush(uint32_t index);
