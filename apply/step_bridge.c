// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The step to another bridge, or to none.  The kernel makes a tap a port at once, with the
 * settings of a new port: nothing would keep its frames off the new bridge until it is isolated
 * and locked there.  So the tap is paused meanwhile.
 *
 * Between two bridges the host's own stack hears the guest, whether the tap is paused or not
 * (net/bridge/br_if.c, del_nbp(): the handler of a port's frames goes first).  So the tap's own
 * settings in /proc/sys/net are made before.
 */
#include "apply/host_mac.h"
#include "apply/links/forwarding.h"
#include "apply/links/tap.h"
#include "apply/pause.h"
#include "apply/port_settings.h"
#include "apply/steps.h"

#include <errno.h>
#include <string.h>

static const uint32_t no_bridge = 0;

static int check_guest_mac(const struct resource *resource) {
    const struct interface *interface = &resource->definition->interface;
    enum address_use use;
    uint32_t index;
    int error;

    if (!resource->plan.bridge.index || !interface->lock_mac) {
        return 0;
    }
    error = forwarding_find(&resource->plan.bridge, interface->guest_mac, &use, &index);
    if (error) {
        return error;
    }
    return use == ADDRESS_OF_GUEST || use == ADDRESS_OWN ? -EADDRINUSE : 0;
}

static int choose_mac(const struct resource *resource, uint8_t mac[6]) {
    if (resource->plan.differences & DIFFERS_HOST_MAC) {
        return host_mac_choose(resource, mac);
    }
    memcpy(mac, resource->plan.link.mac, 6);
    return 0;
}

static int leave(const struct resource *resource) {
    const struct link_change change = {.master = &no_bridge};

    return links_change(resource->plan.link.index, &change);
}

/* While it is on no bridge, so that neither bridge takes its address or its MTU as its own. */
static int change_link(const struct resource *resource, const uint8_t mac[6]) {
    const struct link_change change = {.mac = mac, .mtu = &resource->plan.mtu};
    int error = links_change(resource->plan.link.index, &change);

    if (!error && step_brings_ipv6(resource)) {
        error = link_set_host_side(resource->plan.link.name);
    }
    return error;
}

static int join(const struct resource *resource) {
    const uint8_t *guest_mac = resource->definition->interface.guest_mac;
    const struct link *bridge = &resource->plan.bridge;
    const struct link_change change = {.master = &bridge->index};
    uint32_t port = resource->plan.link.index;
    int error;

    if (!bridge->index) {
        return 0;
    }
    error = links_change(port, &change);
    if (error) {
        return error;
    }
    error = port_settings_lock(port, bridge, port_settings_wanted(resource), guest_mac);
    if (error) {
        return error;
    }
    return step_check_bridge_mtu(resource);
}

static bool changes_link(const struct resource *resource, const uint8_t mac[6]) {
    const struct link_state *before = &resource->plan.link;

    return before->mtu != resource->plan.mtu || memcmp(before->mac, mac, sizeof(before->mac)) != 0;
}

/*
 * If only the bridge changes, the tap does not leave its bridge before it joins the other one.  The
 * kernel does both at once, and nothing if the tap is on the other bridge already
 * (net/core/rtnetlink.c, do_set_master()).  So another run that has moved the tap meanwhile keeps
 * its port, which may be locked and in use by now.
 */
static int move(const struct resource *resource, const uint8_t mac[6]) {
    int error = 0;

    if (resource->plan.bridge.index && !changes_link(resource, mac)) {
        return join(resource);
    }
    if (resource->plan.link.master) {
        error = leave(resource);
    }
    if (!error) {
        error = change_link(resource, mac);
    }
    if (!error) {
        error = join(resource);
    }
    return error;
}

/* Makes it the port that it was.  Settings that tapgrant does not make are those of a new port. */
static int rejoin(const struct resource *resource) {
    const struct link_state *before = &resource->plan.link;
    const struct link_change back = {.mac = wire_mac_absent(before->mac) ? NULL : before->mac,
                                     .mtu = &before->mtu};
    const struct link_change change = {.master = &before->master};
    struct link master;
    int error = leave(resource);

    if (!error) {
        error = links_change(before->index, &back);
    }
    if (error || !before->master) {
        return error;
    }
    error = links_change(before->index, &change);
    if (!error) {
        error = link_read(before->master, NULL, &master);
    }
    if (error || strcmp(master.kind, "bridge")) {
        return error;
    }
    return port_settings_put_back(resource, before->master, before->port & link_port_settings);
}

/* Another run may have moved it, and goes on. */
static bool is_elsewhere(const struct resource *resource) {
    const struct plan *plan = &resource->plan;
    struct link_state tap;
    int error = links_read_one(plan->link.index, &tap);

    if (error) {
        return true;
    }
    return tap.master && tap.master != plan->bridge.index && tap.master != plan->link.master;
}

/*
 * A tap that is up on no bridge would be an interface of the host itself, in its owner's hands.  So
 * it is set down if it cannot be what it was, or if it was such a tap.
 */
static void put_back(struct resource *resource) {
    const struct link_state *before = &resource->plan.link;
    const struct link_change down = {.master = &no_bridge, .run_state = RUN_DOWN};
    bool is_running = tap_is_running(before);
    bool missed_bridge = !before->master && resource->plan.bridge.index && is_running;
    int error;

    if (is_elsewhere(resource)) {
        return;
    }
    error = rejoin(resource);
    if (!error && is_running && !missed_bridge) {
        error = pause_end(resource);
    }
    if (!error && !missed_bridge) {
        return;
    }
    error = links_change(before->index, &down);
    resource->left = error ? LEFT_PAUSED : LEFT_DOWN;
}

/* All that can be asked before anything is touched. */
static int prepare(const struct resource *resource, uint8_t mac[6]) {
    int error = choose_mac(resource, mac);

    if (!error) {
        error = host_mac_check(resource, mac);
    }
    if (!error) {
        error = check_guest_mac(resource);
    }
    if (!error && resource->plan.link.mtu >= WIRE_MTU_IPV6) {
        error = link_set_host_side(resource->plan.link.name);
    }
    return error;
}

static void count_failed_move(struct resource *resource, int error) {
    if (!tap_is_in_use(&resource->plan.link)) {
        return;
    }
    /* what the kernel does not do once, such as to keep the bridge's MTU, it never does */
    resource->failed_moves += error == -ESTALE ? STEPS_MOST_MOVES : 1;
}

int step_bridge(struct resource *resource) {
    bool is_running = tap_is_running(&resource->plan.link);
    uint8_t mac[6];
    int error = prepare(resource, mac);

    if (!error && is_running) {
        error = pause_begin(resource);
    }
    if (error) {
        return error;
    }
    error = move(resource, mac);
    if (error) {
        put_back(resource);
        count_failed_move(resource, error);
        return error;
    }
    return is_running ? pause_end(resource) : 0;
}
