// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The rules on the values of a request.  The library keeps them so that its caller hears which value is wrong;
 * the helper keeps them again because its caller need not be the library.
 * Hostile here: every byte.  Privilege held: none in the library; in the helper root, before the policy is read.
 */
#include "helper/system.h"
#include "wire/wire.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* No locale: only these bytes, so that no kernel, shell or terminal sees anything else in a name. */
bool wire_dev_valid(const char *text) {
    size_t length = strlen(text);

    if (!length) return true;
    return length < WIRE_NAME && strspn(text, LETTERS "0123456789_-") == length && strchr(LETTERS, text[0]) &&
           strcmp(text, "all") && strcmp(text, "default") && strcmp(text, "none") &&
           (strncmp(text, "tg", 2) || length == 2 || text[2 + strspn(text + 2, "0123456789")]); /* tg1: generated */
}

bool wire_bridge_valid(const char *text) {
    size_t length = 0;

    while (text[length] > ' ' && text[length] <= '~' && text[length] != '/') length++;
    return !text[length] && length < WIRE_NAME && strcmp(text, "none");
}

bool wire_mac_absent(const uint8_t mac[6]) { return !memcmp(mac, "\0\0\0\0\0", 6); }

const char *wire_mac_text(const uint8_t mac[6], char text[WIRE_MAC_TEXT]) {
    return snprintf(text, WIRE_MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]), text;
}

/* Text that ends within its array, and nothing behind its end. */
static bool padded(const char text[WIRE_NAME]) {
    size_t length = strnlen(text, WIRE_NAME);

    return length < WIRE_NAME && !memcmp(text + length, (const char[WIRE_NAME]){0}, WIRE_NAME - length);
}

bool wire_interface_valid(const struct wire_interface *interface) {
    if (!padded(interface->dev) || !wire_dev_valid(interface->dev) || !padded(interface->bridge) ||
        !wire_bridge_valid(interface->bridge) || (interface->guest_mac[0] | interface->host_mac[0]) & 1 /* multicast */ ||
        (!wire_mac_absent(interface->guest_mac) && !memcmp(interface->guest_mac, interface->host_mac, 6)) ||
        (interface->mtu && (interface->mtu < WIRE_MTU_MIN || interface->mtu > WIRE_MTU_MAX))) return false;
    /* of a port the policy decides, with what it knows of the bridge */
    if (interface->mtu && interface->mtu < WIRE_MTU_IPV6 && !interface->bridge[0]) {
        return false;
    }
    return interface->queues >= 1 && interface->queues <= WIRE_QUEUES && interface->vnet_hdr <= 1;
}
