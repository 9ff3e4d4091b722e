// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One tap that exists, corrected while it is in use.  A virtual machine may depend on it: programs
 * end when a write to a tap fails, as it does while the tap is down.  So a tap in use is never set
 * down, unless a move to another bridge fails and leaves it on none.
 *
 *   live    what the kernel changes under traffic: settings of the port, its lock, addresses, MTU
 *   paused  another bridge, and an MTU that brings IPv6: frames are lost for a moment, but every
 *           call of the holder succeeds
 *
 * A step that fails is put back, and the others go on: a holder that takes an address cannot keep
 * the port from being isolated.  What a holder can change at any time, such as the address, is not
 * read back here: it shows when all is planned again.
 */
#include "apply/correct.h"
#include "apply/links/tap.h"
#include "apply/owner.h"
#include "apply/steps.h"

#include <errno.h>
#include <unistd.h>

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

/* step_bridge() corrects these too. */
static const unsigned with_bridge = DIFFERS_BRIDGE | DIFFERS_HOST_MAC | DIFFERS_MTU |
                                    DIFFERS_ISOLATE | DIFFERS_LOCK_MAC | DIFFERS_GUEST_MAC |
                                    DIFFERS_PORT | DIFFERS_IPV6;

static unsigned differences_of_steps(const struct resource *resource) {
    unsigned differences = resource->plan.differences;

    if (differences & DIFFERS_BRIDGE) {
        differences &= ~with_bridge;
    }
    /* a port that learned although it is locked forgets that only when the lock is made anew */
    if (differences & DIFFERS_PORT && resource->definition->interface.lock_mac) {
        differences |= DIFFERS_LOCK_MAC;
    }
    return differences;
}

/* Counts DIFFERENCES as corrected unless there was an ERROR, which it returns. */
static int note(struct resource *resource, unsigned differences, int error) {
    if (!error) {
        resource->corrected |= differences;
    }
    return error;
}

/* The error of the first step that failed. */
static int correct_link(struct resource *resource) {
    unsigned differences = differences_of_steps(resource);
    int first = 0;
    int error;

    if (resource->plan.differences & DIFFERS_BRIDGE) {
        first = note(resource, with_bridge, step_bridge(resource));
    }
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        if (!(differences & steps[i].differences)) {
            continue;
        }
        error = note(resource, steps[i].differences, steps[i].correct(resource));
        if (!first) {
            first = error;
        }
    }
    if (!first && resource->plan.differences & DIFFERS_UP) {
        first = note(resource, DIFFERS_UP, step_up(resource));
    }
    return first;
}

/*
 * After a failure: the tap is its last owner's again, if it is what it was.  Else it is no longer
 * what the last owner was to have, and not yet what the next one is to have, and stays root's.
 */
static void return_to_owner(struct resource *resource, int queue, bool is_corrected) {
    int error = -EPERM;

    if (resource->left != LEFT_AS_IT_WAS) {
        return;
    }
    if (!is_corrected) {
        error = owner_put_back(queue, &resource->plan.link);
    }
    if (error) {
        resource->left = LEFT_OWNED_BY_ROOT;
    }
}

/* To change the owner: root owns the tap, then it is corrected, then the new owner owns it. */
static int correct_owned(struct resource *resource, int queue) {
    const unsigned corrected_before = resource->corrected;
    int error = owner_take(queue, &resource->plan.link);

    if (error) {
        return error;
    }
    error = correct_link(resource);
    if (error) {
        return_to_owner(resource, queue, resource->corrected != corrected_before);
        return error;
    }
    error = owner_give(queue, resource->owner);
    return note(resource, DIFFERS_OWNER | DIFFERS_PERSIST, error);
}

/* Our queue gets some of the frames for the holder's queues, so it is open only for a moment. */
static int correct_persistence(struct resource *resource) {
    int queue = tap_open_queue(&resource->plan.link);
    int error;

    if (queue < 0) {
        return queue;
    }
    error = owner_give(queue, resource->owner);
    close(queue);
    return note(resource, DIFFERS_PERSIST, error);
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

/* With a queue of the tap, so that no other process can attach to it meanwhile. */
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
    int error = 0;
    int error_of_link;

    if (resource->plan.differences & (DIFFERS_OWNER | DIFFERS_LINK_TYPE)) {
        return correct_attached(resource);
    }
    if (resource->plan.differences & DIFFERS_PERSIST) {
        error = correct_persistence(resource);
    }
    error_of_link = correct_link(resource);
    return error ? error : error_of_link;
}
