// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The rules for the values of a request.  The library applies them so that its caller hears which
 * value is wrong.  The helper applies them again because its caller need not be the library.
 * Hostile here: every byte.
 * Privilege held: none in the library; in the helper root, before the policy is read.
 */
#include "wire/wire.h"

#include <string.h>

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define WORD LETTERS DIGITS "_-"

static bool is_reserved(const char *text) {
    /* the kernel's net/ipv4/conf has entries all and default; none is a word of the policy */
    return !strcmp(text, "all") || !strcmp(text, "default") || !strcmp(text, "none");
}

bool wire_dev_generated(const char *text) {
    if (strncmp(text, "tg", 2) || !text[2]) {
        return false;
    }
    return !text[2 + strspn(text + 2, DIGITS)];
}

/* The bytes are listed because isalpha(3) depends on a locale: others would reach a shell. */
bool wire_dev_valid(const char *text) {
    size_t length = strlen(text);

    if (!length) {
        return true;
    }
    if (length >= WIRE_NAME || strspn(text, WORD) != length || !strchr(LETTERS, text[0])) {
        return false;
    }
    return !is_reserved(text) && !wire_dev_generated(text);
}

bool wire_bridge_valid(const char *text) {
    size_t length = 0;

    while (text[length] > ' ' && text[length] <= '~' && text[length] != '/') {
        length++;
    }
    return !text[length] && length < WIRE_NAME && strcmp(text, "none");
}

bool wire_word_valid(const char *text) {
    size_t length = strlen(text);

    return length && length < WIRE_WORD && strspn(text, WORD) == length;
}

/* TEXT ends within its array, and only NULs follow: no byte of a request is left unchecked. */
static bool is_terminated_and_padded(const char text[WIRE_NAME]) {
    static const char nuls[WIRE_NAME];
    size_t length = strnlen(text, WIRE_NAME);

    return length < WIRE_NAME && !memcmp(text + length, nuls, WIRE_NAME - length);
}

static bool is_multicast(const uint8_t mac[6]) {
    return mac[0] & 1;
}

static bool macs_are_valid(const struct wire_interface *interface) {
    if (is_multicast(interface->guest_mac) || is_multicast(interface->host_mac)) {
        return false;
    }
    /* a bridge delivers nothing to a guest whose address is the port's own */
    return wire_mac_absent(interface->guest_mac) ||
           memcmp(interface->guest_mac, interface->host_mac, sizeof(interface->host_mac));
}

static bool names_are_valid(const struct wire_interface *interface) {
    /* in this order: only a text that ends can be read as one */
    if (!is_terminated_and_padded(interface->dev) || !is_terminated_and_padded(interface->bridge)) {
        return false;
    }
    return wire_dev_valid(interface->dev) && wire_bridge_valid(interface->bridge);
}

bool wire_interface_valid(const struct wire_interface *interface) {
    if (!names_are_valid(interface) || !macs_are_valid(interface)) {
        return false;
    }
    if (interface->mtu && (interface->mtu < WIRE_MTU_MIN || interface->mtu > WIRE_MTU_MAX)) {
        return false;
    }
    /* the policy decides for a port, with what it knows of the bridge */
    if (interface->mtu && interface->mtu < WIRE_MTU_IPV6 && !interface->bridge[0]) {
        return false;
    }
    if (interface->queues < 1 || interface->queues > WIRE_QUEUES) {
        return false;
    }
    return interface->vnet_hdr <= 1 && interface->netns <= WIRE_NETNS_HOST;
}
