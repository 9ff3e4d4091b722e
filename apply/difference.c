// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What differs, in words.  Keys and values are those of a definition where it has a key.
 */
#include "apply/difference.h"
#include "apply/links/tap.h"
#include "wire/text.h"

#include <net/if_arp.h>
#include <stdio.h>

const char *difference_name(unsigned n) {
    static const char *const without_key[] = {
        [DIFFERENCE_LABEL - INTERFACE_KEYS] = "label",
        [DIFFERENCE_GROUP - INTERFACE_KEYS] = "group",
        [DIFFERENCE_PERSIST - INTERFACE_KEYS] = "persist",
        [DIFFERENCE_UP - INTERFACE_KEYS] = "up",
        [DIFFERENCE_PORT - INTERFACE_KEYS] = "port",
        [DIFFERENCE_LINK_GROUP - INTERFACE_KEYS] = "link-group",
        [DIFFERENCE_IPV6 - INTERFACE_KEYS] = "ipv6",
        [DIFFERENCE_LINK_TYPE - INTERFACE_KEYS] = "link-type"};

    if (n < INTERFACE_KEYS) {
        return interface_key_name((enum interface_key)n);
    }
    return without_key[n - INTERFACE_KEYS];
}

static const char *yes_or_no(bool is) {
    return is ? "yes" : "no";
}

static const char *mac_or(const uint8_t mac[6], const char *absent, char text[DIFFERENCE_TEXT]) {
    return wire_mac_absent(mac) ? absent : wire_mac_text(mac, text);
}

/* UINT32_MAX: none, as of an owner or a group. */
static const char *number_or_none(uint32_t number, char text[DIFFERENCE_TEXT]) {
    if (number == UINT32_MAX) {
        return "none";
    }
    snprintf(text, DIFFERENCE_TEXT, "%u", number);
    return text;
}

static const char *text_or_none(const char *value, char text[DIFFERENCE_TEXT]) {
    return value[0] ? text_printable(value, text, DIFFERENCE_TEXT) : "none";
}

const char *difference_from(const struct resource *resource,
                            unsigned n,
                            char text[DIFFERENCE_TEXT]) {
    const struct interface *interface = &resource->definition->interface;
    const struct plan *found = &resource->found;
    const struct link_state *tap = &found->link;
    const char *label = tap_label(tap);

    switch (n) {
    case INTERFACE_KEY_OWNER:
        return number_or_none(tap->tun[IFLA_TUN_OWNER], text);
    case INTERFACE_KEY_HOST_MAC:
        return wire_mac_text(tap->mac, text);
    case INTERFACE_KEY_GUEST_MAC:
        return mac_or(found->locked_address, "none", text);
    case INTERFACE_KEY_MTU:
        return number_or_none(tap->mtu, text);
    case INTERFACE_KEY_BRIDGE:
        return text_or_none(found->current_bridge, text);
    case INTERFACE_KEY_ISOLATE:
        return yes_or_no(!interface->isolate);
    case INTERFACE_KEY_LOCK_MAC:
        return yes_or_no(!interface->lock_mac);
    case INTERFACE_KEY_QUEUES:
        return interface->queues > 1 ? "1" : "several";
    case DIFFERENCE_LABEL:
        return label ? label : "none";
    case DIFFERENCE_GROUP:
        return number_or_none(tap->tun[IFLA_TUN_GROUP], text);
    case DIFFERENCE_LINK_GROUP:
        return number_or_none(tap->group, text);
    case DIFFERENCE_PORT:
        return "changed";
    case DIFFERENCE_UP:
        return yes_or_no(found->must_be_down);
    case DIFFERENCE_IPV6:
        return "on";
    case DIFFERENCE_LINK_TYPE:
        return number_or_none(tap->type, text);
    default:
        return "no";
    }
}

const char *difference_to(const struct resource *resource, unsigned n, char text[DIFFERENCE_TEXT]) {
    static const uint8_t no_mac[6];
    const struct interface *interface = &resource->definition->interface;
    const struct plan *found = &resource->found;

    switch (n) {
    case INTERFACE_KEY_OWNER:
        return interface->owner;
    case INTERFACE_KEY_HOST_MAC:
        return mac_or(found->host_mac, "generated", text);
    case INTERFACE_KEY_GUEST_MAC:
        return mac_or(interface->lock_mac ? interface->guest_mac : no_mac, "none", text);
    case INTERFACE_KEY_MTU:
        return number_or_none(found->mtu, text);
    case INTERFACE_KEY_BRIDGE:
        return text_or_none(interface->bridge, text);
    case INTERFACE_KEY_ISOLATE:
        return yes_or_no(interface->isolate);
    case INTERFACE_KEY_LOCK_MAC:
        return yes_or_no(interface->lock_mac);
    case INTERFACE_KEY_QUEUES:
        return number_or_none(interface->queues, text);
    case DIFFERENCE_LABEL:
        return interface->label;
    case DIFFERENCE_GROUP:
        return "none";
    case DIFFERENCE_LINK_GROUP:
        return "0";
    case DIFFERENCE_PORT:
        return "as made";
    case DIFFERENCE_UP:
        return yes_or_no(!found->must_be_down);
    case DIFFERENCE_IPV6:
        return "off";
    case DIFFERENCE_LINK_TYPE:
        return number_or_none(ARPHRD_ETHER, text);
    default:
        return "yes";
    }
}
