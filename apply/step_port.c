// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a port does for its guest and against others, changed while its guest sends: in an order
 * in which the guest's own frames always pass, and no other frame passes that neither the old nor
 * the new settings let pass.
 */
#include "apply/steps.h"
#include "apply/links/forwarding.h"

#define PORT(name) (UINT64_C(1) << IFLA_BRPORT_##name)

static const uint8_t no_mac[6];

/* As they are now: the kernel acknowledges settings that it does not know. */
static int port_settings_read(uint32_t index, uint64_t *port) {
    struct link_state tap;
    int error = links_read_one(index, &tap);

    if (error) {
        return error;
    }
    *port = tap.port & link_port_settings;
    return 0;
}

static int port_settings_set(uint32_t index, uint64_t wanted) {
    uint64_t port;
    int error = link_set_port(index, wanted);

    if (error) {
        return error;
    }
    error = port_settings_read(index, &port);
    if (error) {
        return error;
    }
    return port == wanted ? 0 : -ESTALE;
}

uint64_t port_settings_wanted(const struct resource *resource) {
    const struct interface *interface = &resource->definition->interface;

    return link_port_as_made(interface->lock_mac, interface->isolate);
}

/*
 * First nothing more is learned, and the guest gets its entry. Then goes what others could still
 * pass by: entries for other addresses, for a locked port lets pass what it has learned. Then the
 * lock closes.
 */
static int lock(uint32_t index, const struct link *bridge, uint64_t wanted,
                const uint8_t guest_mac[6]) {
    uint64_t before;
    int error = port_settings_read(index, &before);

    if (error) {
        return error;
    }
    error = link_set_port(index, (wanted & ~PORT(LOCKED)) | (before & PORT(LOCKED)));
    if (error) {
        return error;
    }
    error = forwarding_lock(index, bridge, guest_mac);
    if (error) {
        return error;
    }
    error = forwarding_remove_others(index, guest_mac);
    if (error) {
        return error;
    }
    error = forwarding_forget(index);
    if (error) {
        return error;
    }
    return port_settings_set(index, wanted);
}

/* First the port opens, then goes the guest's entry. */
static int unlock(uint32_t index, uint64_t wanted) {
    int error = port_settings_set(index, wanted);

    if (error) {
        return error;
    }
    return forwarding_unlock(index, no_mac);
}

int port_settings_lock(uint32_t index, const struct link *bridge, uint64_t wanted,
             const uint8_t guest_mac[6]) {
    if (wanted & PORT(LOCKED)) {
        return lock(index, bridge, wanted, guest_mac);
    }
    return unlock(index, wanted);
}

/* Locked, and to no address: nothing passed. */
static int close_port(uint32_t index, uint64_t before) {
    int error = forwarding_unlock(index, no_mac);

    if (error) {
        return error;
    }
    return link_set_port(index, before);
}

int port_settings_put_back(const struct resource *resource, uint32_t bridge, uint64_t before) {
    struct link was;
    int error;

    if (before & PORT(LOCKED) && wire_mac_absent(resource->plan.locked_address)) {
        return close_port(resource->plan.link.index, before);
    }
    error = link_read(bridge, NULL, &was);
    if (error) {
        return error;
    }
    return port_settings_lock(resource->plan.link.index, &was, before, resource->plan.locked_address);
}

/* All but the lock, which has a step of its own. */
int step_port(struct resource *resource) {
    const uint64_t locking = PORT(LOCKED) | PORT(LEARNING);
    uint64_t before, wanted;
    int error = port_settings_read(resource->plan.link.index, &before);
    int undone = 0;

    if (error) {
        return error;
    }
    wanted = port_settings_wanted(resource);
    if ((before ^ wanted) & PORT(LOCKED)) {
        wanted = (wanted & ~locking) | (before & locking);
    }
    error = port_settings_set(resource->plan.link.index, wanted);
    if (error) {
        undone = link_set_port(resource->plan.link.index, before);
    }
    if (undone) {
        resource->left = LEFT_PARTLY_CHANGED;
    }
    return error;
}

int step_lock(struct resource *resource) {
    const struct interface *interface = &resource->definition->interface;
    uint64_t before, wanted;
    int error = port_settings_read(resource->plan.link.index, &before);
    int undone = 0;

    if (error) {
        return error;
    }
    wanted = link_port_as_made(interface->lock_mac, before & PORT(ISOLATED));
    error = port_settings_lock(resource->plan.link.index, resource->plan.bridge, wanted, interface->guest_mac);
    if (error) {
        undone = port_settings_put_back(resource, resource->plan.bridge->index, before);
    }
    if (undone) {
        resource->left = LEFT_PARTLY_CHANGED;
    }
    return error;
}
