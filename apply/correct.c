// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One device, made or corrected.  The order is what makes an interruption harmless: a new device is root's, down, and goes
 * with its descriptor until it is complete, tagged and up; then it is made to stay; then it becomes its owner's.  One that
 * is corrected as a port is down meanwhile.  Whatever is missing at the next run shows as a difference.
 */
#include "apply/resource.h"
#include "wire/names.h"

#define IPV6_LEAST_MTU 1280 /* linux/ipv6.h, IPV6_MIN_MTU: below it the kernel has no IPv6 of a device, nor settings for it */

/* What the helper's code is told; a MAC address where the definition has none. */
static int describe(const struct item *item, struct wire_device *to) {
    struct wire_interface wire;
    uint8_t random[6];

    interface_to_wire(&item->definition->interface, &wire);
    *to = (struct wire_device){.ifindex = item->plan.now.index, .mtu = item->plan.mtu};
    memcpy(to->dev, wire.dev, sizeof(to->dev));
    memcpy(to->guest_mac, wire.guest_mac, 6);
    memcpy(to->host_mac, item->plan.host_mac, 6);
    if (!wire_mac_absent(to->host_mac)) return 0;
    if (item->plan.now.index && !(item->plan.differences & PLAN_BIT(INTERFACE_KEY_HOST_MAC)))
        return memcpy(to->host_mac, item->plan.now.mac, 6), 0;
    if (getrandom(random, sizeof(random), 0) != sizeof(random)) return -EAGAIN;
    random[0] = GENERATED_MAC;
    return memcpy(to->host_mac, random, 6), 0;
}

static int configure(const struct item *item, const struct wire_device *to) {
    const struct interface *interface = &item->definition->interface;
    char alias[64];

    snprintf(alias, sizeof(alias), NAMES_DECLARED_FORMAT, interface->label);
    return link_configure(to, item->plan.bridge, alias, interface->lock_mac, interface->isolate);
}

/* -EUSERS: UID has no meaning in this user namespace. */
static int give(int queue, uid_t uid) {
    if (ioctl(queue, TUNSETPERSIST, 1UL)) return -errno;
    return !ioctl(queue, TUNSETOWNER, (unsigned long)uid) ? 0 : errno == EINVAL ? -EUSERS : -errno;
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
    if (!error && (error = give(device.queue[0], item->uid))) (void)!ioctl(device.queue[0], TUNSETPERSIST, 0UL);
    for (unsigned i = 0; i < device.queues; i++) close(device.queue[i]);
    return error;
}

/*
 * As a port, and with its address, which may not be another port's guest's: taken off, so that the bridge forgets all that
 * it was, and made anew while down.
 */
static int correct_port(struct item *item) {
    static const uint32_t none = 0, with_ipv6 = IPV6_LEAST_MTU;
    const struct tap *now = &item->plan.now;
    struct tap_change off = {.master = &none, .down = true, .group = TAPS_REMOVAL(now->group) ? &none : NULL};
    struct wire_device to;
    int error = describe(item, &to);

    if (!error) error = tap_change(now->index, &off);
    if (!error) item->left = LEFT_DOWN;
    /* what is to be set of IPv6 is there from this MTU on; apart, so that it is on no bridge when it has it */
    if (!error && now->mtu < IPV6_LEAST_MTU) error = tap_change(now->index, &(struct tap_change){.mtu = &with_ipv6});
    if (!error) error = configure(item, &to);
    if (error) (void)!tap_change(now->index, &off); /* the bridge is not to keep what is not complete */
    return error;
}

/* What needs no interruption. */
static int correct_lightly(const struct item *item) {
    static const uint32_t none = 0;
    const struct plan *plan = &item->plan;
    char alias[64];
    struct tap_change change = {
        .alias = plan->differences & PLAN_BIT(PLAN_LABEL) ? alias : NULL,
        .mac = plan->differences & PLAN_BIT(INTERFACE_KEY_HOST_MAC) ? plan->host_mac : NULL,
        .mtu = plan->differences & PLAN_BIT(INTERFACE_KEY_MTU) ? &plan->mtu : NULL,
        .group = plan->differences & PLAN_BIT(PLAN_LINK_GROUP) ? &none : NULL};

    struct link bridge = *plan->bridge;
    int error;

    snprintf(alias, sizeof(alias), NAMES_DECLARED_FORMAT, item->definition->interface.label);
    error = tap_change(plan->now.index, &change);
    if (error || !change.mtu || !bridge.index) return error;
    /* a bridge whose MTU was not set may have taken it over */
    error = link_read(plan->bridge->index, NULL, &bridge);
    if (error || bridge.mtu == plan->bridge->mtu) return error;
    error = tap_change(plan->now.index, &(struct tap_change){.mtu = &plan->now.mtu});
    return error ? error : -ESTALE;
}

/* What the one whose it was may have left behind for the next: nothing of it shows in the link. */
static int clear(int queue) {
    return ioctl(queue, TUNDETACHFILTER, NULL) || ioctl(queue, TUNSETSTEERINGEBPF, &(int){-1}) ||
           ioctl(queue, TUNSETFILTEREBPF, &(int){-1}) || ioctl(queue, TUNSETOFFLOAD, 0UL) ||
           ioctl(queue, TUNSETTXFILTER, &(struct tun_filter){0}) || ioctl(queue, TUNSETSNDBUF, &(int){INT32_MAX}) ||
           ioctl(queue, TUNSETVNETHDRSZ, &(int){10}) /* bytes of struct virtio_net_hdr, as of a new tap */ ? -errno : 0;
}

/* Root's, with no queue but QUEUE.  Whoever holds it would be taken along to what is the next owner's.  -EBUSY: somebody does. */
static int take(int queue, const struct tap *now) {
    unsigned long was = now->tun[IFLA_TUN_OWNER];
    struct link link;
    int error;

    if (ioctl(queue, TUNSETOWNER, 0UL)) return -errno;
    error = link_read(now->index, NULL, &link);
    if (!error && now->tun[IFLA_TUN_MULTI_QUEUE] == 1 &&
        link.tun[IFLA_TUN_NUM_QUEUES] + link.tun[IFLA_TUN_NUM_DISABLED_QUEUES] != 1) error = -EBUSY;
    if (error) (void)!ioctl(queue, TUNSETOWNER, was);
    return error ? error : clear(queue);
}

/* What is not about whose it is. */
static int correct_link(struct item *item, unsigned differences) {
    const unsigned port = PLAN_BIT(INTERFACE_KEY_BRIDGE) | PLAN_BIT(INTERFACE_KEY_ISOLATE) | PLAN_BIT(INTERFACE_KEY_LOCK_MAC) |
                          PLAN_BIT(INTERFACE_KEY_GUEST_MAC) | PLAN_BIT(PLAN_PORT) | PLAN_BIT(PLAN_UP) |
                          PLAN_BIT(PLAN_IPV6);

    const struct plan *plan = &item->plan;

    if (plan->bridge->index && differences & PLAN_BIT(INTERFACE_KEY_HOST_MAC)) differences |= PLAN_BIT(PLAN_PORT);
    /* the kernel makes the device's IPv6 anew, switched on (net/ipv6/addrconf.c, addrconf_notify, NETDEV_CHANGEMTU) */
    if ((plan->now.mtu < IPV6_LEAST_MTU) != (plan->mtu < IPV6_LEAST_MTU)) differences |= PLAN_BIT(PLAN_IPV6);
    return differences & port ? correct_port(item) : differences ? correct_lightly(item) : 0;
}

/* One that is to be another's becomes root's first, then what it is to be, then his. */
static int correct(struct item *item) {
    const unsigned owner = PLAN_BIT(INTERFACE_KEY_OWNER) | PLAN_BIT(PLAN_PERSIST);
    unsigned differences = item->plan.differences;
    int queue, error = 0;

    if (!(differences & owner)) return correct_link(item, differences);
    queue = tap_attach(&item->plan.now);
    if (queue < 0) return queue;
    if (differences & PLAN_BIT(INTERFACE_KEY_OWNER)) error = take(queue, &item->plan.now);
    if (!error) error = correct_link(item, differences & ~owner);
    if (!error) error = give(queue, item->uid);
    close(queue);
    return error;
}

static int set_down(const struct item *item) {
    return tap_change(item->plan.now.index, &(struct tap_change){.down = true});
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

/* The reason, by what the errors of helper/link/link.h mean. */
static void explain(struct item *item, int error) {
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
    bool new = item->plan.action == PLAN_CREATE;
    int error = new ? create(item) : item->plan.stray ? set_down(item) : correct(item);

    /* whoever holds it can hide that by its carrier; so does another run, but not for long */
    if (error == -EBUSY && !new) item->busy = true, item->waited++;
    if (error)
        explain(item, error);
    else
        item->done = true, item->left = LEFT_AS_IT_WAS;
}
