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
static int describe(const struct item *item, struct wire_device *to) {
    struct wire_interface wire;

    interface_to_wire(&item->definition->interface, &wire);
    *to = (struct wire_device){.mtu = item->plan.mtu};
    memcpy(to->dev, wire.dev, sizeof(to->dev));
    memcpy(to->guest_mac, wire.guest_mac, 6);
    return item_choose_mac(item, to->host_mac);
}

static int configure(const struct item *item, const struct wire_device *to) {
    const struct interface *interface = &item->definition->interface;
    char alias[64];

    snprintf(alias, sizeof(alias), "tapgrant declared=%s", interface->label);
    return link_configure(to, item->plan.bridge, alias, interface->lock_mac, interface->isolate);
}

static int create(struct item *item) {
    struct wire_interface asked;
    struct wire_device to;
    struct device device = {0};
    int error = describe(item, &to);

    interface_to_wire(&item->definition->interface, &asked);
    if (asked.queues > 2) asked.queues = 2; /* the device is of the kind that has several; how many is its opener's choice */
    if (!error) error = device_create(&asked, &device);
    /* else its port would begin to forward, and the bridge's whole table be searched when we let go of the device */
    if (!error && ioctl(device.queue[0], TUNSETCARRIER, &(int){0})) error = -errno;
    to.ifindex = device.link.index;
    if (!error) error = configure(item, &to);
    if (!error) {
        error = own_give(device.queue[0], item->uid);
        if (error) {
            (void)!ioctl(device.queue[0], TUNSETPERSIST, 0UL);
        }
    }
    for (unsigned i = 0; i < device.queues; i++) close(device.queue[i]);
    return error;
}

static int set_down(const struct item *item) {
    return links_change(item->plan.now.index, &(struct link_change){.run_state = RUN_DOWN});
}

/* An error of the kernel's that no definition is to blame for. */
static void explain_host(struct item *item, int error) {
    int queue = open("/dev/net/tun", O_RDWR | O_CLOEXEC), none = queue < 0 ? errno : 0;

    if (queue >= 0) close(queue);
    if (none) {
        item_fail(item, INTERFACE_KEYS, "/dev/net/tun: %s", strerror(none));
        item->refused = none == ENOENT || none == ENXIO || none == ENODEV || none == EACCES || none == EPERM;
        if (item->refused) item_hint(item, "modprobe tun; a container has to be given the device");
        return;
    }
    item_fail(item, INTERFACE_KEYS, "%s: %s", error == -EROFS ? "/proc/sys/net" : item_dev(item),
              strerror(error < 0 ? -error : EINVAL));
    item_refuse(item, error);
    if (error == -EROFS) item_hint(item, "it has to be writable: mount -o remount,rw /proc/sys");
}

void item_explain(struct item *item, int error) {
    const struct interface *interface = &item->definition->interface;
    char mac[WIRE_MAC_TEXT];

    if (error == WIRE_NAME_TAKEN)
        item_fail(item, INTERFACE_KEY_DEV, "%s is another interface's name, or alternative name", interface->dev);
    else if (error == -EADDRINUSE)
        item_fail(item, INTERFACE_KEY_GUEST_MAC, "guest-mac %s is another port's of bridge %s, or its own",
                  wire_mac_text(interface->guest_mac, mac), interface->bridge);
    else if (error == -EADDRNOTAVAIL)
        item_fail(item, INTERFACE_KEY_HOST_MAC, "host-mac %s is another port's of bridge %s, or its own",
                  wire_mac_text(item->plan.host_mac, mac), interface->bridge);
    else if (error == -EBUSY)
        item_fail(item, INTERFACE_KEYS, "the device is in use");
    else if (error == -ESTALE && interface->mtu && interface->bridge[0])
        item_fail(item, INTERFACE_KEY_MTU, "bridge %s, whose MTU was not set, would take %u over", interface->bridge,
                  interface->mtu), item_hint(item, "leave mtu out, or fix the bridge's: set it to another value and back");
    else if (error == -ESTALE)
        item_fail(item, INTERFACE_KEYS, "the kernel acknowledged what it did not do, or somebody else changes it");
    else if (error == -EUSERS)
        item_fail(item, INTERFACE_KEY_OWNER, "owner %s (id %u) is nobody in this user namespace", interface->owner, item->uid),
            item->refused = true;
    else if (error == -EXFULL)
        item_fail(item, INTERFACE_KEY_BRIDGE, "bridge %s has all the ports that it can have", interface->bridge);
    else
        explain_host(item, error);
}

void item_make(struct item *item) {
    bool is_new = item->plan.action == PLAN_CREATE;
    int error;

    if (is_new) {
        error = create(item);
    } else if (item->plan.stray) {
        error = set_down(item);
        item->changed |= error ? 0 : PLAN_BIT(PLAN_UP);
    } else {
        error = item_correct(item);
    }
    /* whoever holds it can hide that by its carrier; so does another run, but not for long */
    if (error == -EBUSY && !is_new) {
        item->busy = true;
        item->waited++;
    }
    item->done |= item->changed || (is_new && !error);
    if (error) {
        item_explain(item, error);
    } else {
        item->left = LEFT_AS_IT_WAS;
    }
    if (error && item->failed_moves >= MOVES) {
        item->refused = true;
    }
}
