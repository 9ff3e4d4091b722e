// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Purpose: make a tap.
 * Hostile here: every local user.  On most kernels a tap without an owner may be attached to by anybody, and a
 * multi-queue one takes more than one; between the two system calls that make it and make it root's, somebody may.
 * Privilege held: CAP_NET_ADMIN, as the caller; /dev/net/tun is opened as the caller, so that its mode stays the
 * administrator's answer to who may use taps.
 */
#include "link.h"

/* Opens a queue of the device NAME, and makes the device where FLAGS has IFF_TUN_EXCL: then it is new, or an error. */
static int open_queue(struct device *device, const char *name, int flags) {
    struct ifreq request = {.ifr_flags = (short)flags};
    unsigned loopback = 1; /* the index of a device that there is: with it a queue attaches, and makes none */
    int queue = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

    if (queue < 0) return -errno;
    device->queue[device->queues++] = queue;
    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
    if (!(flags & IFF_TUN_EXCL) && ioctl(queue, TUNSETIFINDEX, &loopback)) return -errno;
    if (ioctl(queue, TUNSETIFF, &request)) return errno == EBUSY && flags & IFF_TUN_EXCL ? WIRE_NAME_TAKEN : -errno;
    /* the very next system call: until it, the device is anybody's */
    if (flags & IFF_TUN_EXCL && ioctl(queue, TUNSETOWNER, 0UL)) return -errno;
    snprintf(device->link.name, sizeof(device->link.name), "%s", request.ifr_name);
    return 0;
}

/* What somebody who attached and left in time may have left behind, as of a new tap: nothing of it shows in the link. */
static int reset(int queue) {
    return ioctl(queue, TUNDETACHFILTER, NULL) || ioctl(queue, TUNSETSTEERINGEBPF, &(int){-1}) ||
           ioctl(queue, TUNSETFILTEREBPF, &(int){-1}) || ioctl(queue, TUNSETOFFLOAD, 0UL) ||
           ioctl(queue, TUNSETTXFILTER, &(struct tun_filter){0}) || ioctl(queue, TUNSETSNDBUF, &(int){INT32_MAX}) ||
           ioctl(queue, TUNSETVNETHDRSZ, &(int){10}) /* struct virtio_net_hdr */ || ioctl(queue, TUNSETCARRIER, &(int){1}) ||
           ioctl(queue, TUNSETLINK, (unsigned long)ARPHRD_ETHER) || ioctl(queue, TUNSETVNETLE, &(int){0}) ? -errno : 0;
}

/*
 * SELinux asks for one permission both where a further queue attaches to its tap and where a forgotten IFF_TUN_EXCL would
 * attach to another's (security/selinux/hooks.c, selinux_tun_dev_open).  So the domain that makes taps does not have it, the
 * one that has it makes none (selinux/tapgrant.te), and this leads from one to the other.  0, too, where the process is not in
 * the domain FROM.
 */
static int change_domain(const char *from, const char *to) {
    char label[256] = "", changed[sizeof(label) + 32];
    int file = open("/proc/self/attr/current", O_RDWR | O_CLOEXEC);
    const char *at = (size_t)pread(file, label, sizeof(label), 0) < sizeof(label) ? strstr(label, from) : NULL; /* -1: more */
    int length = at ? snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - label), label, to, at + strlen(from)) : 0;
    int error = at && write(file, changed, (size_t)length) != length ? -errno : 0;

    close(file);
    return error;
}

int device_create(const struct wire_interface *interface, struct device *device) {
    const bool multi = interface->queues > 1;
    /* what it must still be when it is root's */
    const uint32_t made[IFLA_TUN_MAX + 1] = {
        [IFLA_TUN_UNSPEC] = UINT32_MAX, [IFLA_TUN_GROUP] = UINT32_MAX, [IFLA_TUN_TYPE] = IFF_TAP,
        [IFLA_TUN_VNET_HDR] = interface->vnet_hdr, [IFLA_TUN_MULTI_QUEUE] = multi, [IFLA_TUN_NUM_QUEUES] = multi ? 1 : UINT32_MAX,
        [IFLA_TUN_NUM_DISABLED_QUEUES] = multi ? 0 : UINT32_MAX};
    int flags = IFF_TAP | IFF_NO_PI | (interface->vnet_hdr ? IFF_VNET_HDR : 0) | (multi ? IFF_MULTI_QUEUE : 0), error = -EBUSY;
    struct ifreq now = {0};

    for (int tries = 0; error == -EBUSY && tries < 3; tries++) {
        error = open_queue(device, *interface->dev ? interface->dev : "tg%d", flags | IFF_TUN_EXCL);
        if (!error) error = link_read(0, device->link.name, &device->link);
        /* the link that was read is ours if ours is called so now: somebody may have renamed it, and another one be there */
        if (!error && ioctl(device->queue[0], TUNGETIFF, &now)) error = -errno;
        if (error || strcmp(device->link.name, now.ifr_name)) return error ? error : -ESTALE;
        if (!memcmp(device->link.tun, made, sizeof(made)) && !device->link.up) break;
        /* whoever attached holds it, and may have made it his and made it stay: closing alone would leave it there */
        error = link_delete(device->link.index);
        if (error || close(device->queue[--device->queues])) return error ? error : -errno;
        error = -EBUSY;
    }
    if (!error && multi) error = reset(device->queue[0]);
    if (!error && multi) error = change_domain(":tapgrant_t:", ":tapgrant_attach_t:");
    while (!error && device->queues < interface->queues) error = open_queue(device, now.ifr_name, flags);
    const int back = multi ? change_domain(":tapgrant_attach_t:", ":tapgrant_t:") : 0; /* to answer, whatever the answer is */
    return error ? error : back;
}
