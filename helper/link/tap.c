// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Purpose: make a tap.
 * Hostile here: every local user.  On most kernels a tap without an owner may be attached to by anybody, and a
 * multi-queue one takes more than one; between the two system calls that make it and make it root's, somebody may.
 * Privilege held: CAP_NET_ADMIN, as the caller; /dev/net/tun is opened as the caller, so that its mode stays the
 * administrator's answer to who may use taps.
 */
#include "helper/link/link.h"

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
 * Writes the process's SELinux label with the type TO in the place of FROM; of any other process it is left as it is.  Where it
 * cannot, the kernel refuses what comes next.  *LABEL, -1 or open from the last time, keeps a descriptor for the next.
 */
static void change_domain(int *label, const char *from, const char *to) {
    /* with the longer type still less than a page, of which more is cut off: proc_pid_attr_write(), fs/proc/base.c */
    char now[4000] = "", next[sizeof(now) + 32];

    if (*label >= 0) close(*label);
    *label = open("/proc/self/attr/current", O_RDWR | O_CLOEXEC);
    const char *type = (size_t)pread(*label, now, sizeof(now), 0) < sizeof(now) ? strstr(now, from) : NULL; /* -1 is more */
    if (!type || !strchr(":\n", type[strlen(from)])) return; /* or the end: a policy without levels */
    snprintf(next, sizeof(next), "%.*s%s%s", (int)(type - now), now, to, type + strlen(from));
    (void)!write(*label, next, strlen(next));
}

/*
 * The further queues.  SELinux asks for one permission both where a queue attaches to its tap and where a forgotten IFF_TUN_EXCL
 * would attach to another's (security/selinux/hooks.c, selinux_tun_dev_open).  So the domain that makes taps does not have it,
 * and the one that has it makes none (selinux/tapgrant.te).
 */
static int attach(struct device *device, const char *name, int flags, unsigned queues) {
    int label = -1, error = 0;

    change_domain(&label, ":tapgrant_t", ":tapgrant_attach_t");
    while (!error && device->queues < queues) error = open_queue(device, name, flags);
    change_domain(&label, ":tapgrant_attach_t", ":tapgrant_t"); /* to answer, whatever the answer is */
    return close(label), error;
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
    return error || !multi ? error : attach(device, now.ifr_name, flags, interface->queues);
}
