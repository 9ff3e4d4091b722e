// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Purpose: make a tap.
 * Hostile here: every local user.  On most kernels a tap without an owner may be attached to by anybody, and a
 * multi-queue one takes more than one; between the two system calls that make it and make it root's, somebody may.
 * Privilege held: CAP_NET_ADMIN, as the caller; /dev/net/tun is opened as the caller, so that its mode stays the
 * administrator's answer to who may use taps.
 */
#include "link.h"
#include "system.h"

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

/* What somebody who attached and left in time may have left behind: nothing of it shows in the link. */
static int reset(int queue) {
    static const int none = -1, header = 10 /* bytes of struct virtio_net_hdr, as of a new tap */, buffer = INT32_MAX;
    static const struct tun_filter everything;

    return ioctl(queue, TUNDETACHFILTER, NULL) || ioctl(queue, TUNSETSTEERINGEBPF, &none) ||
           ioctl(queue, TUNSETFILTEREBPF, &none) || ioctl(queue, TUNSETOFFLOAD, 0UL) ||
           ioctl(queue, TUNSETTXFILTER, &everything) || ioctl(queue, TUNSETVNETHDRSZ, &header) ||
           ioctl(queue, TUNSETSNDBUF, &buffer) ? -errno : 0;
}

int device_create(const struct wire_interface *interface, struct device *device) {
    int flags = IFF_TAP | IFF_NO_PI | (interface->vnet_hdr ? IFF_VNET_HDR : 0) | (interface->queues > 1 ? IFF_MULTI_QUEUE : 0);
    int error = -EBUSY;
    struct link *link = &device->link;
    char name[WIRE_NAME];

    for (int tries = 0; error == -EBUSY && tries < 3; tries++) {
        error = open_queue(device, *interface->dev ? interface->dev : "tg%d", flags | IFF_TUN_EXCL);
        memcpy(name, link->name, sizeof(name));
        if (!error) error = link_read(0, name, link);
        if (error || strcmp(link->name, name)) return error ? error : -ESTALE;
        if (link->tap && link->ethernet && !link->up && !link->owner && link->group == LINK_NOBODY && !link->persist &&
            !link->multi_queue == !(flags & IFF_MULTI_QUEUE) && link->queues <= 1) break;
        /* whoever attached holds it, and may have made it his and made it stay: closing alone would leave it there */
        error = link_delete(link->index);
        if (error || close(device->queue[--device->queues])) return error ? error : -errno;
        error = -EBUSY;
    }
    if (!error && interface->queues > 1) error = reset(device->queue[0]);
    while (!error && device->queues < interface->queues) error = open_queue(device, name, flags);
    return error ? error : strcmp(link->name, name) ? -ESTALE : 0;
}
