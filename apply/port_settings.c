// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a port does for its guest and against others, changed while its guest sends.  The order is
 * such that the guest's own frames always pass, and that no other frame passes unless the old or
 * the new settings let it pass.
 */
#include "apply/port_settings.h"
#include "apply/links/forwarding.h"

#include <errno.h>

static const uint8_t no_mac[6];

uint64_t port_settings_wanted(const struct resource *resource) {
    const struct interface *interface = &resource->definition->interface;

    return link_port_as_made(interface->lock_mac, interface->isolate);
}

int port_settings_read(uint32_t port, uint64_t *settings) {
    struct link_state tap;
    int error = links_read_one(port, &tap);

    if (error) {
        return error;
    }
    *settings = tap.port & link_port_settings;
    return 0;
}

int port_settings_set(uint32_t port, uint64_t wanted) {
    uint64_t settings;
    int error = link_set_port(port, wanted);

    if (error) {
        return error;
    }
    /* the kernel acknowledges settings that it does not know */
    error = port_settings_read(port, &settings);
    if (error) {
        return error;
    }
    return settings == wanted ? 0 : -ESTALE;
}

/*
 * First the port learns nothing more, and the guest gets its entry.  Then the entries for other
 * addresses go, because a locked port lets pass what it has learned.  Then the lock closes.
 */
static int lock(uint32_t port,
                const struct link *bridge,
                uint64_t wanted,
                const uint8_t guest_mac[6]) {
    uint64_t before;
    int error = port_settings_read(port, &before);

    if (error) {
        return error;
    }
    error = link_set_port(port, (wanted & ~PORT_LOCKED) | (before & PORT_LOCKED));
    if (error) {
        return error;
    }
    error = forwarding_lock(port, bridge, guest_mac);
    if (error) {
        return error;
    }
    error = forwarding_remove_others(port, guest_mac);
    if (error) {
        return error;
    }
    error = forwarding_forget(port);
    if (error) {
        return error;
    }
    return port_settings_set(port, wanted);
}

/* First the port opens, then the guest's entry goes. */
static int unlock(uint32_t port, uint64_t wanted) {
    int error = port_settings_set(port, wanted);

    if (error) {
        return error;
    }
    return forwarding_unlock(port, no_mac);
}

int port_settings_lock(uint32_t port,
                       const struct link *bridge,
                       uint64_t wanted,
                       const uint8_t guest_mac[6]) {
    if (wanted & PORT_LOCKED) {
        return lock(port, bridge, wanted, guest_mac);
    }
    return unlock(port, wanted);
}

/* The port was locked without an address: no frame passed. */
static int close_port(uint32_t port, uint64_t before) {
    int error = forwarding_unlock(port, no_mac);

    if (error) {
        return error;
    }
    return link_set_port(port, before);
}

int port_settings_put_back(const struct resource *resource, uint32_t bridge, uint64_t before) {
    const struct plan *plan = &resource->plan;
    struct link bridge_before;
    int error;

    if (before & PORT_LOCKED && wire_mac_absent(plan->locked_address)) {
        return close_port(plan->link.index, before);
    }
    error = link_read(bridge, NULL, &bridge_before);
    if (error) {
        return error;
    }
    return port_settings_lock(plan->link.index, &bridge_before, before, plan->locked_address);
}
