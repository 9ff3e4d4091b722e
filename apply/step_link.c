// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The steps that correct the link itself.
 */
#include "apply/host_mac.h"
#include "apply/links/tap.h"
#include "apply/pause.h"
#include "apply/steps.h"
#include "wire/names.h"

#include <errno.h>
#include <stdio.h>

int step_label(struct resource *resource) {
    char alias[sizeof(NAMES_DECLARED) + INTERFACE_LABEL];
    const struct link_change change = {.alias = alias};

    snprintf(alias, sizeof(alias), NAMES_DECLARED_FORMAT, resource->definition->interface.label);
    return links_change(resource->plan.link.index, &change);
}

int step_link_group(struct resource *resource) {
    static const uint32_t none = 0;
    const struct link_change change = {.group = &none};

    return links_change(resource->plan.link.index, &change);
}

int step_host_mac(struct resource *resource) {
    uint8_t mac[6];
    const struct link_change change = {.mac = mac};
    int error = host_mac_choose(resource, mac);

    if (!error) {
        error = host_mac_check(resource, mac);
    }
    if (error) {
        return error;
    }
    return links_change(resource->plan.link.index, &change);
}

int step_check_bridge_mtu(const struct resource *resource) {
    const struct link *before = &resource->plan.bridge;
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
    return resource->plan.link.mtu < WIRE_MTU_IPV6 && resource->plan.mtu >= WIRE_MTU_IPV6;
}

static int change_mtu(struct resource *resource) {
    const struct link_state *tap = &resource->plan.link;
    const struct link_change change = {.mtu = &resource->plan.mtu};
    const struct link_change back = {.mtu = &tap->mtu};
    int undone;
    int error = links_change(tap->index, &change);

    if (error) {
        return error;
    }
    error = step_check_bridge_mtu(resource);
    if (!error && step_brings_ipv6(resource)) {
        error = link_set_host_side(tap->name);
    }
    if (!error) {
        return 0;
    }
    undone = links_change(tap->index, &back);
    if (undone) {
        resource->left = LEFT_PARTLY_CHANGED;
    }
    return error;
}

int step_mtu(struct resource *resource) {
    int error;
    int resumed;

    if (!step_brings_ipv6(resource) || !tap_is_running(&resource->plan.link)) {
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
    if (resource->plan.mtu < WIRE_MTU_IPV6) {
        /* the MTU, which was set before, has taken IPv6 away */
        return 0;
    }
    return link_set_host_side(resource->plan.link.name);
}

int step_up(struct resource *resource) {
    const struct link_change up = {.run_state = RUN_UP};
    struct link_state tap;
    int error = 0;

    if (resource->plan.mtu >= WIRE_MTU_IPV6) {
        error = link_set_host_side(resource->plan.link.name);
    }
    if (error) {
        return error;
    }
    error = links_change(resource->plan.link.index, &up);
    if (error) {
        return error;
    }
    error = links_read_one(resource->plan.link.index, &tap);
    if (error) {
        return error;
    }
    return tap.is_up && !tap.is_dormant ? 0 : -ESTALE;
}
