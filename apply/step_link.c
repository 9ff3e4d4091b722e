// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The steps that are about the link, and the pause.
 */
#include "apply/steps.h"
#include "apply/links/forwarding.h"

#include <time.h>

#define PAUSE_ENDS 3 /* tries: nothing would be worse than to stay paused */

bool resource_is_running(const struct resource *resource) {
    return tap_is_running(&resource->plan.link);
}

static unsigned long microseconds(void) {
    struct timespec now = {0};

    (void)!clock_gettime(CLOCK_MONOTONIC, &now);
    return (unsigned long)now.tv_sec * 1000000 + (unsigned long)now.tv_nsec / 1000;
}

int pause_end(struct resource *resource) {
    int error = -EAGAIN;

    for (int tries = 0; error && tries < PAUSE_ENDS; tries++) {
        error = links_change(resource->plan.link.index, &(struct link_change){.run_state = RUN_UP});
    }
    if (resource->paused_at) {
        resource->paused_microseconds += microseconds() - resource->paused_at;
    }
    resource->paused_at = 0;
    if (error) {
        resource->left = LEFT_PAUSED;
    }
    return error;
}

int pause_begin(struct resource *resource) {
    struct link_state tap;
    int error = links_change(resource->plan.link.index, &(struct link_change){.run_state = RUN_PAUSED});

    if (error) {
        return error;
    }
    resource->paused_at = microseconds();
    error = links_read_one(resource->plan.link.index, &tap);
    if (!error && tap_is_running(&tap)) {
        error = -ESTALE;
    }
    if (error) {
        (void)!pause_end(resource);
    }
    return error;
}

int step_label(struct resource *resource) {
    char alias[64];

    snprintf(alias, sizeof(alias), "tapgrant declared=%s", resource->definition->interface.label);
    return links_change(resource->plan.link.index, &(struct link_change){.alias = alias});
}

int step_link_group(struct resource *resource) {
    static const uint32_t none = 0;

    return links_change(resource->plan.link.index, &(struct link_change){.group = &none});
}

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
    enum address_use claim;
    uint32_t index;
    int error;

    if (!resource->plan.bridge->index) {
        return 0;
    }
    error = forwarding_find(resource->plan.bridge, mac, &claim, &index);
    if (error) {
        return error;
    }
    /* its own guest may have sent from it */
    if (claim == ADDRESS_OF_GUEST || (claim == ADDRESS_LEARNED && index != resource->plan.link.index)) {
        return -EADDRNOTAVAIL;
    }
    return 0;
}

int step_host_mac(struct resource *resource) {
    uint8_t mac[6];
    int error = host_mac_choose(resource, mac);

    if (!error) {
        error = host_mac_check(resource, mac);
    }
    if (error) {
        return error;
    }
    return links_change(resource->plan.link.index, &(struct link_change){.mac = mac});
}

int step_check_bridge_mtu(const struct resource *resource) {
    const struct link *before = resource->plan.bridge;
    struct link bridge;
    int error;

    if (!before->index || resource->plan.mtu == before->mtu) {
        return 0;
    }
    error = link_read(before->index, NULL, &bridge);
    if (error) {
        return error;
    }
    return bridge.mtu == before->mtu ? 0 : -ESTALE;
}

bool step_brings_ipv6(const struct resource *resource) {
    return resource->plan.link.mtu < IPV6_LEAST_MTU && resource->plan.mtu >= IPV6_LEAST_MTU;
}

static int change_mtu(struct resource *resource) {
    const struct link_change back = {.mtu = &resource->plan.link.mtu};
    int error = links_change(resource->plan.link.index, &(struct link_change){.mtu = &resource->plan.mtu});
    int undone;

    if (error) {
        return error;
    }
    error = step_check_bridge_mtu(resource);
    if (!error && step_brings_ipv6(resource)) {
        error = link_set_host_side(resource->plan.link.name);
    }
    if (!error) {
        return 0;
    }
    undone = links_change(resource->plan.link.index, &back);
    if (undone) {
        resource->left = LEFT_PARTLY_CHANGED;
    }
    return error;
}

int step_mtu(struct resource *resource) {
    int error, resumed;

    if (!step_brings_ipv6(resource) || !resource_is_running(resource)) {
        return change_mtu(resource);
    }
    error = pause_begin(resource);
    if (error) {
        return error;
    }
    error = change_mtu(resource);
    resumed = pause_end(resource);
    return error ? error : resumed;
}

int step_ipv6(struct resource *resource) {
    if (resource->plan.mtu < IPV6_LEAST_MTU) { /* the MTU, set before, has taken it away */
        return 0;
    }
    return link_set_host_side(resource->plan.link.name);
}

int step_up(struct resource *resource) {
    struct link_state tap;
    int error = 0;

    if (resource->plan.mtu >= IPV6_LEAST_MTU) {
        error = link_set_host_side(resource->plan.link.name);
    }
    if (error) {
        return error;
    }
    error = links_change(resource->plan.link.index, &(struct link_change){.run_state = RUN_UP});
    if (error) {
        return error;
    }
    error = links_read_one(resource->plan.link.index, &tap);
    if (error) {
        return error;
    }
    return tap.is_up && !tap.is_dormant ? 0 : -ESTALE;
}
