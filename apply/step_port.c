// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The steps that correct a port on the bridge that it is on.
 */
#include "apply/port_settings.h"
#include "apply/steps.h"

int step_port(struct resource *resource) {
    const uint64_t of_lock = PORT_LOCKED | PORT_LEARNING;
    uint32_t port = resource->plan.link.index;
    uint64_t before;
    uint64_t wanted;
    int undone = 0;
    int error = port_settings_read(port, &before);

    if (error) {
        return error;
    }
    wanted = port_settings_wanted(resource);
    if ((before ^ wanted) & PORT_LOCKED) {
        wanted = (wanted & ~of_lock) | (before & of_lock);
    }
    error = port_settings_set(port, wanted);
    if (error) {
        undone = link_set_port(port, before);
    }
    if (undone) {
        resource->left = LEFT_PARTLY_CHANGED;
    }
    return error;
}

int step_lock(struct resource *resource) {
    const struct interface *interface = &resource->definition->interface;
    const struct plan *plan = &resource->plan;
    uint64_t before;
    uint64_t wanted;
    int undone = 0;
    int error = port_settings_read(plan->link.index, &before);

    if (error) {
        return error;
    }
    wanted = link_port_as_made(interface->lock_mac, before & PORT_ISOLATED);
    error = port_settings_lock(plan->link.index, &plan->bridge, wanted, interface->guest_mac);
    if (error) {
        undone = port_settings_put_back(resource, plan->bridge.index, before);
    }
    if (undone) {
        resource->left = LEFT_PARTLY_CHANGED;
    }
    return error;
}
