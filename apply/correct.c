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

#define BIT(key) PLAN_BIT(INTERFACE_KEY_##key)

static const struct step {
    unsigned differences;
    int (*correct)(struct item *item);
} steps[] = {{PLAN_BIT(PLAN_LABEL), step_label},
             {PLAN_BIT(PLAN_LINK_GROUP), step_link_group},
             {BIT(HOST_MAC), step_host_mac}, /* before the lock: it may be the guest's */
             {BIT(MTU), step_mtu},
             {PLAN_BIT(PLAN_IPV6), step_ipv6},
             {BIT(ISOLATE) | PLAN_BIT(PLAN_PORT), step_port},
             {BIT(LOCK_MAC) | BIT(GUEST_MAC), step_lock}};

/* These are part of becoming another bridge's port. */
static const unsigned with_bridge = BIT(BRIDGE) | BIT(HOST_MAC) | BIT(MTU) | BIT(ISOLATE) |
                                    BIT(LOCK_MAC) | BIT(GUEST_MAC) | PLAN_BIT(PLAN_PORT) |
                                    PLAN_BIT(PLAN_IPV6);

static unsigned differences_of_steps(const struct item *item) {
    unsigned differences = item->plan.differences;

    if (differences & BIT(BRIDGE)) {
        differences &= ~with_bridge;
    }
    /* what such a port has learned meanwhile goes when the lock is made anew */
    if (differences & PLAN_BIT(PLAN_PORT) && item->definition->interface.lock_mac) {
        differences |= BIT(LOCK_MAC);
    }
    return differences;
}

/* The error of the first step that failed. */
static int correct_link(struct item *item) {
    unsigned differences = differences_of_steps(item);
    int error, first = 0;

    if (item->plan.differences & BIT(BRIDGE)) {
        first = step_bridge(item);
        item->changed |= first ? 0 : with_bridge;
    }
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        if (!(differences & steps[i].differences)) {
            continue;
        }
        error = steps[i].correct(item);
        item->changed |= error ? 0 : steps[i].differences;
        if (!first) {
            first = error;
        }
    }
    if (!first && item->plan.differences & PLAN_BIT(PLAN_UP)) {
        first = step_up(item);
        item->changed |= first ? 0 : PLAN_BIT(PLAN_UP);
    }
    return first;
}

/* One that is to be another's becomes root's first, then what it is to be, then its owner's. */
static int correct_owned(struct item *item, int queue) {
    const unsigned before = item->changed;
    int error = own_take(queue, &item->plan.now);
    int undone = -EPERM;

    if (error) {
        return error;
    }
    error = correct_link(item);
    if (!error) {
        error = own_give(queue, item->uid);
        item->changed |= error ? 0 : BIT(OWNER) | PLAN_BIT(PLAN_PERSIST);
        return error;
    }
    if (item->changed == before && item->left == LEFT_AS_IT_WAS) {
        undone = own_put_back(queue, &item->plan.now);
    }
    /* else it is no longer what its owner was to have, and not yet what the next one is to have */
    if (undone && item->left == LEFT_AS_IT_WAS) {
        item->left = LEFT_ROOTS;
    }
    return error;
}

/* A queue beside those of its user gets some of the frames for it: it is open only for a moment. */
static int correct_persistence(struct item *item) {
    int queue = tap_open_queue(&item->plan.now);
    int error;

    if (queue < 0) {
        return queue;
    }
    error = own_give(queue, item->uid);
    close(queue);
    item->changed |= error ? 0 : PLAN_BIT(PLAN_PERSIST);
    return error;
}

static int correct_link_type(struct item *item, int queue) {
    int error = own_mend_link_type(queue, &item->plan.now);

    if (error) {
        return error;
    }
    item->changed |= PLAN_BIT(PLAN_LINK_TYPE);
    item->plan.now.is_up = false;
    item->plan.differences |= PLAN_BIT(PLAN_UP);
    return 0;
}

/* With a queue of it, which nobody else has meanwhile. */
static int correct_attached(struct item *item) {
    int queue = tap_open_queue(&item->plan.now);
    int error = 0;

    if (queue < 0) {
        return queue;
    }
    if (item->plan.differences & PLAN_BIT(PLAN_LINK_TYPE)) {
        error = correct_link_type(item, queue);
    }
    if (!error && item->plan.differences & BIT(OWNER)) {
        error = correct_owned(item, queue);
    } else if (!error) {
        error = correct_link(item);
    }
    close(queue);
    return error;
}

int item_correct(struct item *item) {
    int error = 0, other;

    if (item->plan.differences & (BIT(OWNER) | PLAN_BIT(PLAN_LINK_TYPE))) {
        return correct_attached(item);
    }
    if (item->plan.differences & PLAN_BIT(PLAN_PERSIST)) {
        error = correct_persistence(item);
    }
    other = correct_link(item);
    return error ? error : other;
}
