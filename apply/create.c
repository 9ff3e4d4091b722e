// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One device, made; or corrected, by correct.c.  The order is what makes an interruption harmless: a
 * new device is root's, down, and goes with its descriptor until it is complete, tagged and up; then
 * it is made to stay; then it becomes its owner's.  What is missing at the next run is a difference.
 */
#include "apply/resource.h"
#include "apply/owner.h"
#include "apply/steps.h"

/* What the helper's code is told. */
static int describe(const struct resource *resource, struct wire_device *to) {
    struct wire_interface wire;

    interface_to_wire(&resource->definition->interface, &wire);
    *to = (struct wire_device){.mtu = resource->plan.mtu};
    memcpy(to->dev, wire.dev, sizeof(to->dev));
    memcpy(to->guest_mac, wire.guest_mac, 6);
    return host_mac_choose(resource, to->host_mac);
}

static int configure(const struct resource *resource, const struct wire_device *to) {
    const struct interface *interface = &resource->definition->interface;
    char alias[64];

    snprintf(alias, sizeof(alias), "tapgrant declared=%s", interface->label);
    return link_configure(to, resource->plan.bridge, alias, interface->lock_mac, interface->isolate);
}

static int create(struct resource *resource) {
    struct wire_interface asked;
    struct wire_device to;
    struct device device = {0};
    int error = describe(resource, &to);

    interface_to_wire(&resource->definition->interface, &asked);
    if (asked.queues > 2) asked.queues = 2; /* the device is of the kind that has several; how many is its opener's choice */
    if (!error) error = device_create(&asked, &device);
    /* else its port would begin to forward, and the bridge's whole table be searched when we let go of the device */
    if (!error && ioctl(device.queue[0], TUNSETCARRIER, &(int){0})) error = -errno;
    to.ifindex = device.link.index;
    if (!error) error = configure(resource, &to);
    if (!error) {
        error = owner_give(device.queue[0], resource->owner);
        if (error) {
            (void)!ioctl(device.queue[0], TUNSETPERSIST, 0UL);
        }
    }
    for (unsigned i = 0; i < device.queues; i++) close(device.queue[i]);
    return error;
}

static int set_down(const struct resource *resource) {
    return links_change(resource->plan.link.index, &(struct link_change){.run_state = RUN_DOWN});
}

/* An error of the kernel's that no definition is to blame for. */
static void explain_host(struct resource *resource, int error) {
    int queue = open("/dev/net/tun", O_RDWR | O_CLOEXEC), none = queue < 0 ? errno : 0;

    if (queue >= 0) close(queue);
    if (none) {
        resource_fail(resource, INTERFACE_KEYS, "/dev/net/tun: %s", strerror(none));
        resource->is_final = none == ENOENT || none == ENXIO || none == ENODEV || none == EACCES || none == EPERM;
        if (resource->is_final) resource_hint(resource, "modprobe tun; a container has to be given the device");
        return;
    }
    resource_fail(resource, INTERFACE_KEYS, "%s: %s", error == -EROFS ? "/proc/sys/net" : resource_name(resource),
              strerror(error < 0 ? -error : EINVAL));
    resource_note_refusal(resource, error);
    if (error == -EROFS) resource_hint(resource, "it has to be writable: mount -o remount,rw /proc/sys");
}

void resource_explain(struct resource *resource, int error) {
    const struct interface *interface = &resource->definition->interface;
    char mac[WIRE_MAC_TEXT];

    if (error == WIRE_NAME_TAKEN)
        resource_fail(resource, INTERFACE_KEY_DEV, "%s is another interface's name, or alternative name", interface->dev);
    else if (error == -EADDRINUSE)
        resource_fail(resource, INTERFACE_KEY_GUEST_MAC, "guest-mac %s is another port's of bridge %s, or its own",
                  wire_mac_text(interface->guest_mac, mac), interface->bridge);
    else if (error == -EADDRNOTAVAIL)
        resource_fail(resource, INTERFACE_KEY_HOST_MAC, "host-mac %s is another port's of bridge %s, or its own",
                  wire_mac_text(resource->plan.host_mac, mac), interface->bridge);
    else if (error == -EBUSY)
        resource_fail(resource, INTERFACE_KEYS, "the device is in use");
    else if (error == -ESTALE && interface->mtu && interface->bridge[0])
        resource_fail(resource, INTERFACE_KEY_MTU, "bridge %s, whose MTU was not set, would take %u over", interface->bridge,
                  interface->mtu), resource_hint(resource, "leave mtu out, or fix the bridge's: set it to another value and back");
    else if (error == -ESTALE)
        resource_fail(resource, INTERFACE_KEYS, "the kernel acknowledged what it did not do, or somebody else changes it");
    else if (error == -EUSERS)
        resource_fail(resource, INTERFACE_KEY_OWNER, "owner %s (id %u) is nobody in this user namespace", interface->owner, resource->owner),
            resource->is_final = true;
    else if (error == -EXFULL)
        resource_fail(resource, INTERFACE_KEY_BRIDGE, "bridge %s has all the ports that it can have", interface->bridge);
    else
        explain_host(resource, error);
}

void resource_make(struct resource *resource) {
    bool is_new = resource->plan.action == PLAN_CREATE;
    int error;

    if (is_new) {
        error = create(resource);
    } else if (resource->plan.must_be_down) {
        error = set_down(resource);
        resource->corrected |= error ? 0 : DIFFERS_UP;
    } else {
        error = resource_correct(resource);
    }
    /* whoever holds it can hide that by its carrier; so does another run, but not for long */
    if (error == -EBUSY && !is_new) {
        resource->is_busy = true;
        resource->waits++;
    }
    resource->is_done |= resource->corrected || (is_new && !error);
    if (error) {
        resource_explain(resource, error);
    } else {
        resource->left = LEFT_AS_IT_WAS;
    }
    if (error && resource->failed_moves >= MOVES) {
        resource->is_final = true;
    }
}
