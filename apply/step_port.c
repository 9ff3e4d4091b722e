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
static int read_port(uint32_t index, uint64_t *port) {
    struct link_state tap;
    int error = links_read_one(index, &tap);

    if (error) {
        return error;
    }
    *port = tap.port & link_port_settings;
    return 0;
}

static int set_and_check_port(uint32_t index, uint64_t wanted) {
    uint64_t port;
    int error = link_set_port(index, wanted);

    if (error) {
        return error;
    }
    error = read_port(index, &port);
    if (error) {
        return error;
    }
    return port == wanted ? 0 : -ESTALE;
}

uint64_t lock_wanted_port(const struct item *item) {
    const struct interface *interface = &item->definition->interface;

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
    int error = read_port(index, &before);

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
    return set_and_check_port(index, wanted);
}

/* First the port opens, then goes the guest's entry. */
static int unlock(uint32_t index, uint64_t wanted) {
    int error = set_and_check_port(index, wanted);

    if (error) {
        return error;
    }
    return forwarding_unlock(index, no_mac);
}

int lock_set(uint32_t index, const struct link *bridge, uint64_t wanted,
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

int lock_put_back(const struct item *item, uint32_t bridge, uint64_t before) {
    struct link was;
    int error;

    if (before & PORT(LOCKED) && wire_mac_absent(item->plan.tied)) {
        return close_port(item->plan.now.index, before);
    }
    error = link_read(bridge, NULL, &was);
    if (error) {
        return error;
    }
    return lock_set(item->plan.now.index, &was, before, item->plan.tied);
}

/* All but the lock, which has a step of its own. */
int step_port(struct item *item) {
    const uint64_t locking = PORT(LOCKED) | PORT(LEARNING);
    uint64_t before, wanted;
    int error = read_port(item->plan.now.index, &before);
    int undone = 0;

    if (error) {
        return error;
    }
    wanted = lock_wanted_port(item);
    if ((before ^ wanted) & PORT(LOCKED)) {
        wanted = (wanted & ~locking) | (before & locking);
    }
    error = set_and_check_port(item->plan.now.index, wanted);
    if (error) {
        undone = link_set_port(item->plan.now.index, before);
    }
    if (undone) {
        item->left = LEFT_PARTLY;
    }
    return error;
}

int step_lock(struct item *item) {
    const struct interface *interface = &item->definition->interface;
    uint64_t before, wanted;
    int error = read_port(item->plan.now.index, &before);
    int undone = 0;

    if (error) {
        return error;
    }
    wanted = link_port_as_made(interface->lock_mac, before & PORT(ISOLATED));
    error = lock_set(item->plan.now.index, item->plan.bridge, wanted, interface->guest_mac);
    if (error) {
        undone = lock_put_back(item, item->plan.bridge->index, before);
    }
    if (undone) {
        item->left = LEFT_PARTLY;
    }
    return error;
}
