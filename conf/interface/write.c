// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * struct interface -> text, and -> what the helper is asked.
 */
#include "conf/interface/interface.h"

#include <stdio.h>
#include <string.h>

static const char *yes(bool is) {
    return is ? "yes" : "no";
}

static const char *number_text(uint32_t number, char value[INTERFACE_PATH]) {
    snprintf(value, INTERFACE_PATH, "%u", number);
    return value;
}

const char *interface_value(const struct interface *interface,
                            enum interface_key key,
                            char value[INTERFACE_PATH]) {
    switch (key) {
    case INTERFACE_KEY_DEV:
        return interface->dev;
    case INTERFACE_KEY_TYPE:
        return interface->type == INTERFACE_BRIDGE ? "bridge" : "ethernet";
    case INTERFACE_KEY_MANAGED:
        return yes(interface->managed);
    case INTERFACE_KEY_BRIDGE:
        return interface->bridge[0] ? interface->bridge : "none";
    case INTERFACE_KEY_GUEST_MAC:
        return wire_mac_text(interface->guest_mac, value);
    case INTERFACE_KEY_HOST_MAC:
        return wire_mac_text(interface->host_mac, value);
    case INTERFACE_KEY_MTU:
        return number_text(interface->mtu, value);
    case INTERFACE_KEY_QUEUES:
        return number_text(interface->queues, value);
    case INTERFACE_KEY_NETNS:
        return interface->host_netns ? "host" : "own";
    case INTERFACE_KEY_VNET_HDR:
        return yes(interface->vnet_hdr);
    case INTERFACE_KEY_PERSIST:
        return yes(interface->persist);
    case INTERFACE_KEY_SCRIPT:
        return interface->script;
    case INTERFACE_KEY_DOWNSCRIPT:
        return interface->downscript;
    case INTERFACE_KEY_OWNER:
        return interface->owner;
    case INTERFACE_KEY_ISOLATE:
        return yes(interface->isolate);
    case INTERFACE_KEY_LOCK_MAC:
        return yes(interface->lock_mac);
    case INTERFACE_KEYS:
        break;
    }
    return "";
}

/* VALUE with its commas doubled, into SPEC behind USED bytes; how many there are then. */
static size_t append_value(char spec[INTERFACE_SPEC], size_t used, const char *value) {
    for (; *value; value++) {
        if (*value == ',') {
            spec[used] = ',';
            used++;
        }
        spec[used] = *value;
        used++;
    }
    spec[used] = 0;
    return used;
}

/* All keys with their longest values, every comma doubled, have room: see INTERFACE_SPEC. */
const char *interface_format(const struct interface *interface, char spec[INTERFACE_SPEC]) {
    char value[INTERFACE_PATH];
    size_t used = 0;

    spec[0] = 0;
    for (enum interface_key key = 0; key < INTERFACE_KEYS; key++) {
        const char *comma = used > 0 ? "," : "";

        if (!interface->given[key]) {
            continue;
        }
        used += (size_t)snprintf(spec + used, INTERFACE_SPEC - used, "%s%s=", comma,
                                 interface_key_name(key));
        used = append_value(spec, used, interface_value(interface, key, value));
    }
    return spec;
}

void interface_to_wire(const struct interface *interface, struct wire_interface *wire) {
    *wire = (struct wire_interface){.mtu = interface->mtu,
                                    .queues = interface->queues,
                                    .vnet_hdr = interface->vnet_hdr,
                                    .netns = WIRE_NETNS_OWN};
    if (interface->host_netns) {
        wire->netns = WIRE_NETNS_HOST;
    }
    memcpy(wire->dev, interface->dev, strnlen(interface->dev, WIRE_NAME - 1));
    memcpy(wire->bridge, interface->bridge, strlen(interface->bridge));
    memcpy(wire->guest_mac, interface->guest_mac, sizeof(wire->guest_mac));
    memcpy(wire->host_mac, interface->host_mac, sizeof(wire->host_mac));
}
