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

static int check_guest_mac(const struct item *item) {
    const struct interface *interface = &item->definition->interface;
    enum address_use claim;
    uint32_t index;
    int error;

    if (!item->plan.bridge->index || !interface->lock_mac) {
        return 0;
    }
    error = forwarding_find(item->plan.bridge, interface->guest_mac, &claim, &index);
    if (error) {
        return error;
    }
    return claim == ADDRESS_OF_GUEST || claim == ADDRESS_OWN ? -EADDRINUSE : 0;
}

static int choose_mac(const struct item *item, uint8_t mac[6]) {
    if (item->plan.differences & PLAN_BIT(INTERFACE_KEY_HOST_MAC)) {
        return item_choose_mac(item, mac);
    }
    memcpy(mac, item->plan.now.mac, 6);
    return 0;
}

/* While it is on no bridge: neither the old one nor the new one follows its address and MTU. */
static int change_alone(struct item *item, const uint8_t mac[6]) {
    const struct link_change change = {.mac = mac, .mtu = &item->plan.mtu};
    int error = links_change(item->plan.now.index, &change);

    if (!error && item_brings_ipv6(item)) {
        error = link_set_host_side(item->plan.now.name);
    }
    return error;
}

static int join(struct item *item) {
    const uint8_t *guest_mac = item->definition->interface.guest_mac;
    const struct link *bridge = item->plan.bridge;
    const struct link_change change = {.master = &bridge->index};
    int error;

    if (!bridge->index) {
        return 0;
    }
    error = links_change(item->plan.now.index, &change);
    if (error) {
        return error;
    }
    error = lock_set(item->plan.now.index, bridge, lock_wanted_port(item), guest_mac);
    if (error) {
        return error;
    }
    return check_bridge_mtu(item);
}

static int leave_and_join(struct item *item, const uint8_t mac[6]) {
    int error = 0;

    if (item->plan.now.master) {
        error = links_change(item->plan.now.index, &(struct link_change){.master = &none});
    }
    if (!error) {
        error = change_alone(item, mac);
    }
    if (!error) {
        error = join(item);
    }
    return error;
}

/* As the port that it was; what is none of ours is as of a new one. */
static int rejoin(const struct item *item) {
    const struct link_state *was = &item->plan.now;
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
    return lock_put_back(item, was->master, was->port & link_port_settings);
}

/* Another run may be at it, and goes on. */
static bool is_elsewhere(const struct item *item) {
    struct link_state tap;
    int error = links_read_one(item->plan.now.index, &tap);

    if (error) {
        return true;
    }
    return tap.master && tap.master != item->plan.bridge->index &&
           tap.master != item->plan.now.master;
}

/*
 * One that is up on no bridge would be an interface of the host's own, in its owner's hands. So
 * it is down where it cannot be what it was, or was such a one.
 */
static void put_back(struct item *item) {
    const struct link_change down = {.master = &none, .run_state = RUN_DOWN};
    bool was_astray = !item->plan.now.master && item->plan.bridge->index && item_runs(item);
    int error;

    if (is_elsewhere(item)) {
        return;
    }
    error = rejoin(item);
    if (!error && item_runs(item) && !was_astray) {
        error = pause_end(item);
    }
    if (!error && !was_astray) {
        return;
    }
    error = links_change(item->plan.now.index, &down);
    item->left = error ? LEFT_PAUSED : LEFT_DOWN;
}

/* All that can be asked before anything is touched. */
static int prepare(struct item *item, uint8_t mac[6]) {
    int error = choose_mac(item, mac);

    if (!error) {
        error = check_own_mac(item, mac);
    }
    if (!error) {
        error = check_guest_mac(item);
    }
    if (!error && item->plan.now.mtu >= IPV6_LEAST_MTU) {
        error = link_set_host_side(item->plan.now.name);
    }
    return error;
}

int step_bridge(struct item *item) {
    uint8_t mac[6];
    int error = prepare(item, mac);

    if (!error && item_runs(item)) {
        error = pause_begin(item);
    }
    if (error) {
        return error;
    }
    error = leave_and_join(item, mac);
    if (error) {
        put_back(item);
        /* what the kernel does not do once, such as to leave the bridge's MTU alone, it never does */
        if (tap_is_in_use(&item->plan.now)) {
            item->failed_moves += error == -ESTALE ? MOVES : 1;
        }
        return error;
    }
    return item_runs(item) ? pause_end(item) : 0;
}
