// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One device that is there, corrected while it is used.  A virtual machine may depend on it:
 * programs end when a write to a tap fails, as it does while the tap is down.  So one that is up is
 * never set down.
 *
 *   live    what the kernel changes under traffic: settings of the port, its lock, addresses, MTU
 *   paused  another bridge, and an MTU that brings IPv6: frames are lost for a moment, but every
 *           call of the holder's succeeds
 *
 * Each step is put back by itself where it fails, and the others go on: nobody keeps a port from
 * being isolated by taking an address.  What a holder can change at any time, such as the address,
 * is not read back here: it shows when all is planned again.
 */
#include "apply/owner.h"
#include "apply/steps.h"



static const struct step {
    unsigned differences;
    int (*correct)(struct resource *resource);
} steps[] = {{DIFFERS_LABEL, step_label},
             {DIFFERS_LINK_GROUP, step_link_group},
             {DIFFERS_HOST_MAC, step_host_mac}, /* before the lock: it may be the guest's */
             {DIFFERS_MTU, step_mtu},
             {DIFFERS_IPV6, step_ipv6},
             {DIFFERS_ISOLATE | DIFFERS_PORT, step_port},
             {DIFFERS_LOCK_MAC | DIFFERS_GUEST_MAC, step_lock}};

/* These are part of becoming another bridge's port. */
static const unsigned with_bridge = DIFFERS_BRIDGE | DIFFERS_HOST_MAC | DIFFERS_MTU | DIFFERS_ISOLATE |
                                    DIFFERS_LOCK_MAC | DIFFERS_GUEST_MAC | DIFFERS_PORT |
                                    DIFFERS_IPV6;

static unsigned differences_of_steps(const struct resource *resource) {
    unsigned differences = resource->plan.differences;

    if (differences & DIFFERS_BRIDGE) {
        differences &= ~with_bridge;
    }
    /* what such a port has learned meanwhile goes when the lock is made anew */
    if (differences & DIFFERS_PORT && resource->definition->interface.lock_mac) {
        differences |= DIFFERS_LOCK_MAC;
    }
    return differences;
}

/* The error of the first step that failed. */
static int correct_link(struct resource *resource) {
    unsigned differences = differences_of_steps(resource);
    int error, first = 0;

    if (resource->plan.differences & DIFFERS_BRIDGE) {
        first = step_bridge(resource);
        resource->corrected |= first ? 0 : with_bridge;
    }
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        if (!(differences & steps[i].differences)) {
            continue;
        }
        error = steps[i].correct(resource);
        resource->corrected |= error ? 0 : steps[i].differences;
        if (!first) {
            first = error;
        }
    }
    if (!first && resource->plan.differences & DIFFERS_UP) {
        first = step_up(resource);
        resource->corrected |= first ? 0 : DIFFERS_UP;
    }
    return first;
}

/* One that is to be another's becomes root's first, then what it is to be, then its owner's. */
static int correct_owned(struct resource *resource, int queue) {
    const unsigned before = resource->corrected;
    int error = owner_take(queue, &resource->plan.link);
    int undone = -EPERM;

    if (error) {
        return error;
    }
    error = correct_link(resource);
    if (!error) {
        error = owner_give(queue, resource->owner);
        resource->corrected |= error ? 0 : DIFFERS_OWNER | DIFFERS_PERSIST;
        return error;
    }
    if (resource->corrected == before && resource->left == LEFT_AS_IT_WAS) {
        undone = owner_put_back(queue, &resource->plan.link);
    }
    /* else it is no longer what its owner was to have, and not yet what the next one is to have */
    if (undone && resource->left == LEFT_AS_IT_WAS) {
        resource->left = LEFT_OWNED_BY_ROOT;
    }
    return error;
}

/* A queue beside those of its user gets some of the frames for it: it is open only for a moment. */
static int correct_persistence(struct resource *resource) {
    int queue = tap_open_queue(&resource->plan.link);
    int error;

    if (queue < 0) {
        return queue;
    }
    error = owner_give(queue, resource->owner);
    close(queue);
    resource->corrected |= error ? 0 : DIFFERS_PERSIST;
    return error;
}

static int correct_link_type(struct resource *resource, int queue) {
    int error = owner_reset_link_type(queue, &resource->plan.link);

    if (error) {
        return error;
    }
    resource->corrected |= DIFFERS_LINK_TYPE;
    resource->plan.link.is_up = false;
    resource->plan.differences |= DIFFERS_UP;
    return 0;
}

/* With a queue of it, which nobody else has meanwhile. */
static int correct_attached(struct resource *resource) {
    int queue = tap_open_queue(&resource->plan.link);
    int error = 0;

    if (queue < 0) {
        return queue;
    }
    if (resource->plan.differences & DIFFERS_LINK_TYPE) {
        error = correct_link_type(resource, queue);
    }
    if (!error && resource->plan.differences & DIFFERS_OWNER) {
        error = correct_owned(resource, queue);
    } else if (!error) {
        error = correct_link(resource);
    }
    close(queue);
    return error;
}

int resource_correct(struct resource *resource) {
    int error = 0, other;

    if (resource->plan.differences & (DIFFERS_OWNER | DIFFERS_LINK_TYPE)) {
        return correct_attached(resource);
    }
    if (resource->plan.differences & DIFFERS_PERSIST) {
        error = correct_persistence(resource);
    }
    other = correct_link(resource);
    return error ? error : other;
}
