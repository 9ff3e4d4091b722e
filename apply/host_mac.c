// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The tap's own address: which one it gets, and whether a guest has it.
 */
#include "apply/host_mac.h"
#include "apply/links/forwarding.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

int host_mac_choose(const struct resource *resource, uint8_t mac[6]) {
    uint8_t random[6];

    memcpy(mac, resource->plan.host_mac, 6);
    if (!wire_mac_absent(mac)) {
        return 0;
    }
    if (getrandom(random, sizeof(random), 0) != sizeof(random)) {
        return -EAGAIN;
    }
    random[0] = HOST_MAC_GENERATED;
    memcpy(mac, random, 6);
    return 0;
}

int host_mac_check(const struct resource *resource, const uint8_t mac[6]) {
    const struct link *bridge = &resource->plan.bridge;
    enum address_use use;
    uint32_t index;
    int error;

    if (!bridge->index) {
        return 0;
    }
    error = forwarding_find(bridge, mac, &use, &index);
    if (error) {
        return error;
    }
    if (use == ADDRESS_OF_GUEST) {
        return -EADDRNOTAVAIL;
    }
    /* the tap's own guest may have sent from it */
    if (use == ADDRESS_LEARNED && index != resource->plan.link.index) {
        return -EADDRNOTAVAIL;
    }
    return 0;
}
