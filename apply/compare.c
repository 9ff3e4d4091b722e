// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A definition beside the tap that it is about.  Hostile here: the holder of the tap, who can
 * change its owner, group, persistence, carrier, address and, while it is down, its link type.
 */
#include "apply/compare.h"
#include "apply/host_mac.h"
#include "apply/links/forwarding.h"
#include "apply/links/tap.h"
#include "apply/port_settings.h"

#include <net/if_arp.h>
#include <string.h>

static bool is_locked_as_declared(const struct resource *resource, const struct links *links) {
    static const uint8_t no_mac[6];
    const struct interface *interface = &resource->definition->interface;
    const struct plan *plan = &resource->plan;
    const uint8_t *mac = interface->lock_mac ? interface->guest_mac : no_mac;
    uint16_t vlan = plan->bridge.vlan[1];
    bool is_locked;
    int error;

    if (!interface->lock_mac && wire_mac_absent(plan->locked_address)) {
        return true;
    }
    if (interface->lock_mac && links_is_locked_to(links, plan->link.index, mac, vlan)) {
        return true;
    }
    if (!vlan) {
        return false;
    }
    /* somebody may have moved the port to another VLAN, where it may stay */
    error = forwarding_is_locked_to(links, plan->link.index, mac, vlan, &is_locked);
    return !error && is_locked;
}

static unsigned compare_port(const struct resource *resource, const struct links *links) {
    const struct interface *interface = &resource->definition->interface;
    const struct plan *plan = &resource->plan;
    const uint64_t changed =
        (plan->link.port ^ port_settings_wanted(resource)) & link_port_settings;
    unsigned differences = 0;

    if (plan->link.master != plan->bridge.index) {
        return DIFFERS_BRIDGE;
    }
    if (!plan->bridge.index) {
        return 0;
    }
    if (!(plan->link.port & PORT_ISOLATED) == interface->isolate) {
        differences |= DIFFERS_ISOLATE;
    }
    if (!(plan->link.port & PORT_LOCKED) == interface->lock_mac) {
        differences |= DIFFERS_LOCK_MAC;
    } else if (changed & ~PORT_ISOLATED) {
        differences |= DIFFERS_PORT;
    }
    if (!is_locked_as_declared(resource, links)) {
        differences |= DIFFERS_GUEST_MAC;
    }
    return differences;
}

/*
 * The holder may have set a guest's address.  On a bridge an address that is neither declared nor
 * generated is replaced, or that guest's port could not be corrected.
 */
static bool differs_in_host_mac(const struct plan *plan) {
    if (!wire_mac_absent(plan->host_mac)) {
        return memcmp(plan->host_mac, plan->link.mac, 6) != 0;
    }
    return plan->bridge.index && plan->link.mac[0] != HOST_MAC_GENERATED;
}

/* What only a queue of the tap can set. */
static unsigned compare_tun(const struct resource *resource) {
    const struct interface *interface = &resource->definition->interface;
    const struct link_state *tap = &resource->plan.link;
    unsigned differences = 0;

    if (tap->tun[IFLA_TUN_OWNER] != resource->owner) {
        differences |= DIFFERS_OWNER;
    }
    if (tap->tun[IFLA_TUN_GROUP] != UINT32_MAX) {
        differences |= DIFFERS_GROUP;
    }
    if (!tap_is_persistent(tap)) {
        differences |= DIFFERS_PERSIST;
    }
    if ((interface->queues > 1) != tap_is_multi_queue(tap)) {
        differences |= DIFFERS_QUEUES;
    }
    if (tap->type != ARPHRD_ETHER) {
        differences |= DIFFERS_LINK_TYPE;
    }
    return differences;
}

static unsigned compare_link(const struct resource *resource) {
    const struct plan *plan = &resource->plan;
    const struct link_state *tap = &plan->link;
    unsigned differences = 0;

    if (strcmp(tap_label(tap), resource->definition->interface.label)) {
        differences |= DIFFERS_LABEL;
    }
    if (differs_in_host_mac(plan)) {
        differences |= DIFFERS_HOST_MAC;
    }
    if (plan->mtu != tap->mtu) {
        differences |= DIFFERS_MTU;
    }
    if (!tap->is_up || tap->is_dormant) {
        differences |= DIFFERS_UP;
    }
    if (tap->has_ipv6) {
        differences |= DIFFERS_IPV6;
    }
    /* a removal that was interrupted has left it there */
    if ((tap->group & LINKS_REMOVAL_MASK) == LINKS_REMOVAL) {
        differences |= DIFFERS_LINK_GROUP;
    }
    return differences;
}

unsigned resource_compare(const struct resource *resource, const struct links *links) {
    return compare_port(resource, links) | compare_tun(resource) | compare_link(resource);
}

unsigned resource_unchangeable(const struct resource *resource, bool is_used) {
    const unsigned differences = resource->plan.differences;
    unsigned by_another_tap = DIFFERS_QUEUES | DIFFERS_GROUP;

    if (!is_used) {
        return differences & by_another_tap;
    }
    /* its holder is not to be on the next owner's tap, nor on that owner's bridge */
    if (differences & DIFFERS_OWNER) {
        return differences;
    }
    /* its holder could change the type again at once; and with another type it is not to be up */
    if (differences & DIFFERS_LINK_TYPE) {
        return differences;
    }
    if (!tap_has_room(&resource->plan.link)) {
        by_another_tap |= DIFFERS_OWNER | DIFFERS_PERSIST;
    }
    return differences & by_another_tap;
}
