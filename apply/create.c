// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One tap, made.  The order makes an interruption harmless: the new tap is root's, down, and goes
 * with its descriptor until it is complete, tagged and up; then it is made persistent; then it
 * becomes its owner's.  The next run sees as a difference what is missing.
 */
#include "apply/create.h"
#include "apply/host_mac.h"
#include "apply/owner.h"
#include "wire/names.h"

#include <errno.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* What link_configure() is told. */
static int describe(const struct resource *resource, struct wire_device *to) {
    struct wire_interface wire;

    interface_to_wire(&resource->definition->interface, &wire);
    *to = (struct wire_device){.mtu = resource->plan.mtu};
    memcpy(to->dev, wire.dev, sizeof(to->dev));
    memcpy(to->guest_mac, wire.guest_mac, 6);
    return host_mac_choose(resource, to->host_mac);
}

static int make(const struct resource *resource, struct tap *tap) {
    struct wire_interface wanted;

    interface_to_wire(&resource->definition->interface, &wanted);
    if (wanted.queues > 2) {
        /* the tap is of the kind that has several; how many is the choice of who opens it */
        wanted.queues = 2;
    }
    return tap_create(&wanted, tap);
}

/*
 * Otherwise the port would begin to forward, and the kernel would search the whole table of the
 * bridge when we let go of the tap.
 */
static int take_carrier_away(int queue) {
    int off = 0;

    return ioctl(queue, TUNSETCARRIER, &off) ? -errno : 0;
}

static int configure(const struct resource *resource, const struct wire_device *to) {
    const struct interface *interface = &resource->definition->interface;
    char alias[sizeof(NAMES_DECLARED) + INTERFACE_LABEL];

    snprintf(alias, sizeof(alias), NAMES_DECLARED_FORMAT, interface->label);
    return link_configure(to, &resource->plan.bridge, alias, interface->lock_mac,
                          interface->isolate);
}

static int give(const struct resource *resource, int queue) {
    int error = owner_give(queue, resource->owner);

    if (error) {
        /* so that it goes with its descriptor */
        (void)!ioctl(queue, TUNSETPERSIST, 0UL);
    }
    return error;
}

static int complete(const struct resource *resource,
                    const struct tap *tap,
                    struct wire_device *to) {
    int error = take_carrier_away(tap->queue[0]);

    if (error) {
        return error;
    }
    to->ifindex = tap->link.index;
    error = configure(resource, to);
    if (error) {
        return error;
    }
    return give(resource, tap->queue[0]);
}

int resource_create(const struct resource *resource) {
    struct wire_device to;
    struct tap tap = {.queues = 0};
    int error = describe(resource, &to);

    if (error) {
        return error;
    }
    error = make(resource, &tap);
    if (!error) {
        error = complete(resource, &tap, &to);
    }
    for (unsigned i = 0; i < tap.queues; i++) {
        close(tap.queue[i]);
    }
    return error;
}
