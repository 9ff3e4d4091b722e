// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Ethernet addresses, as the helper, the library and the programs understand them alike.
 * Privilege held in the helper: root, then CAP_NET_ADMIN as the caller.
 */
#include "wire/wire.h"

#include <stdio.h>
#include <string.h>

bool wire_mac_absent(const uint8_t mac[6]) {
    static const uint8_t zeros[6];

    return !memcmp(mac, zeros, sizeof(zeros));
}

void wire_mac_for_tap(const uint8_t guest[6], const uint8_t host[6], uint8_t tap[6]) {
    memcpy(tap, host, 6);
    if (!wire_mac_absent(host) || wire_mac_absent(guest)) {
        return;
    }
    memcpy(tap, guest, 6);
    tap[0] = guest[0] == 0xfe ? 0xfa : 0xfe;
}

const char *wire_mac_text(const uint8_t mac[6], char text[WIRE_MAC_TEXT]) {
    snprintf(text, WIRE_MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
             mac[4], mac[5]);
    return text;
}
