// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Another bridge, or none. The kernel makes a port of a device in one go, with a new port's
 * settings: nothing would keep frames off the new bridge before the port is isolated and locked
 * there. So it is paused meanwhile.
 *
 * Between two bridges the host's own stack hears the guest, paused or not (net/bridge/br_if.c,
 * del_nbp(): the handler of a port's frames goes first). So that is made deaf before.
 */
#include "apply/steps.h"
#include "apply/links/forwarding.h"

static const uint32_t none = 0;

static int check_guest_mac(const struct resource *resource) {
    const struct interface *interface = &resource->definition->interface;
    enum address_use claim;
    uint32_t index;
    int error;

    if (!resource->plan.bridge->index || !interface->lock_mac) {
        return 0;
    }
    error = forwarding_find(resource->plan.bridge, interface->guest_mac, &claim, &index);
    if (error) {
        return error;
    }
    return claim == ADDRESS_OF_GUEST || claim == ADDRESS_OWN ? -EADDRINUSE : 0;
}

static int choose_mac(const struct resource *resource, uint8_t mac[6]) {
    if (resource->plan.differences & DIFFERS_HOST_MAC) {
        return host_mac_choose(resource, mac);
    }
    memcpy(mac, resource->plan.link.mac, 6);
    return 0;
}

/* While it is on no bridge: neither the old one nor the new one follows its address and MTU. */
static int change_alone(struct resource *resource, const uint8_t mac[6]) {
    const struct link_change change = {.mac = mac, .mtu = &resource->plan.mtu};
    int error = links_change(resource->plan.link.index, &change);

    if (!error && step_brings_ipv6(resource)) {
        error = link_set_host_side(resource->plan.link.name);
    }
    return error;
}

static int join(struct resource *resource) {
    const uint8_t *guest_mac = resource->definition->interface.guest_mac;
    const struct link *bridge = resource->plan.bridge;
    const struct link_change change = {.master = &bridge->index};
    int error;

    if (!bridge->index) {
        return 0;
    }
    error = links_change(resource->plan.link.index, &change);
    if (error) {
        return error;
    }
    error = port_settings_lock(resource->plan.link.index, bridge, port_settings_wanted(resource), guest_mac);
    if (error) {
        return error;
    }
    return step_check_bridge_mtu(resource);
}

static int leave_and_join(struct resource *resource, const uint8_t mac[6]) {
    int error = 0;

    if (resource->plan.link.master) {
        error = links_change(resource->plan.link.index, &(struct link_change){.master = &none});
    }
    if (!error) {
        error = change_alone(resource, mac);
    }
    if (!error) {
        error = join(resource);
    }
    return error;
}

/* As the port that it was; what is none of ours is as of a new one. */
static int rejoin(const struct resource *resource) {
    const struct link_state *was = &resource->plan.link;
    const struct link_change back = {.mac = wire_mac_absent(was->mac) ? NULL : was->mac,
                                    .mtu = &was->mtu};
    struct link master;
    int error = links_change(was->index, &(struct link_change){.master = &none});

    if (!error) {
        error = links_change(was->index, &back);
    }
    if (error || !was->master) {
        return error;
    }
    error = links_change(was->index, &(struct link_change){.master = &was->master});
    if (!error) {
        error = link_read(was->master, NULL, &master);
    }
    if (error || strcmp(master.kind, "bridge")) {
        return error;
    }
    return port_settings_put_back(resource, was->master, was->port & link_port_settings);
}

/* Another run may be at it, and goes on. */
static bool is_elsewhere(const struct resource *resource) {
    struct link_state tap;
    int error = links_read_one(resource->plan.link.index, &tap);

    if (error) {
        return true;
    }
    return tap.master && tap.master != resource->plan.bridge->index &&
           tap.master != resource->plan.link.master;
}

/*
 * One that is up on no bridge would be an interface of the host's own, in its owner's hands. So
 * it is down where it cannot be what it was, or was such a one.
 */
static void put_back(struct resource *resource) {
    const struct link_change down = {.master = &none, .run_state = RUN_DOWN};
    bool was_astray = !resource->plan.link.master && resource->plan.bridge->index && resource_is_running(resource);
    int error;

    if (is_elsewhere(resource)) {
        return;
    }
    error = rejoin(resource);
    if (!error && resource_is_running(resource) && !was_astray) {
        error = pause_end(resource);
    }
    if (!error && !was_astray) {
        return;
    }
    error = links_change(resource->plan.link.index, &down);
    resource->left = error ? LEFT_PAUSED : LEFT_DOWN;
}

/* All that can be asked before anything is touched. */
static int prepare(struct resource *resource, uint8_t mac[6]) {
    int error = choose_mac(resource, mac);

    if (!error) {
        error = host_mac_check(resource, mac);
    }
    if (!error) {
        error = check_guest_mac(resource);
    }
    if (!error && resource->plan.link.mtu >= IPV6_LEAST_MTU) {
        error = link_set_host_side(resource->plan.link.name);
    }
    return error;
}

int step_bridge(struct resource *resource) {
    uint8_t mac[6];
    int error = prepare(resource, mac);

    if (!error && resource_is_running(resource)) {
        error = pause_begin(resource);
    }
    if (error) {
        return error;
    }
    error = leave_and_join(resource, mac);
    if (error) {
        put_back(resource);
        /* what the kernel does not do once, such as to leave the bridge's MTU alone, it never does */
        if (tap_is_in_use(&resource->plan.link)) {
            resource->failed_moves += error == -ESTALE ? MOVES : 1;
        }
        return error;
    }
    return resource_is_running(resource) ? pause_end(resource) : 0;
}
