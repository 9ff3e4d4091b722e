// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * An existing macvtap: its queues are opened by a node of its own, /dev/tap<index>, and the node's mode is who may.  It is
 * known by the link's kind: a node is missing in many containers, and one may be left of another device (drivers/net/tap.c).
 * Every open(2) attaches one more queue, whoever does it: nothing says busy, so we look for who has one.
 */
#include "lib/error.h"
#include "lib/roads.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define NODE sizeof("/dev/tap4294967295")

static int explain_node(int errnum, const struct link *link, const char *node, const char *object,
                        struct tapgrant_error *error) {
    const int code = TAPGRANT_DEVICE;
    struct link now;
    struct stat stat_of;
    char call[NODE + sizeof("open(2) of ")];

    if (error_is_lack(-errnum)) {
        snprintf(call, sizeof(call), "open(2) of %s", node);
        return explain_call(call, -errnum, error);
    }
    if (links_by_index(link->ifindex, &now) == -ENODEV) return explain_vanished(object, error);
    if (errnum == EACCES || errnum == EPERM) {
        if (stat(node, &stat_of)) stat_of = (struct stat){0};
        error_set(error, code, object, "is a macvtap, and uid %u may not open its node %s (owner %u, mode %04o)", geteuid(), node,
                  stat_of.st_uid, stat_of.st_mode & 07777);
        error_hint(error, "chown %u %s, as root", geteuid(), node);
    } else if (errnum == ENOENT) {
        error_set(error, code, object, "is a macvtap, and its node %s does not exist", node);
        error_hint(error, "mknod %s c $(tr : ' ' </sys/class/net/%s/tap%u/dev) && chown %u %s, as root", node, link->name,
                   link->ifindex, geteuid(), node);
    } else if (errnum == ENXIO || errnum == ENODEV || errnum == ESTALE) {
        error_set(error, code, object, "is a macvtap, and its node %s is of another device or of none", node);
        error_hint(error, "rm %s; mknod %s c $(tr : ' ' </sys/class/net/%s/tap%u/dev), as root", node, node, link->name,
                   link->ifindex);
    } else {
        error_set(error, code, object, "cannot be opened by its node %s: %s", node, strerror(errnum));
        if (errnum == EBUSY) error_hint(error, "all queues that it can have are held: end who holds them");
    }
    return code;
}

/* A queue, its header and queues as asked.  TUNSETIFF changes those flags of an attached queue, and nothing else here. */
static int open_queue(const char *node, const struct link *link, const struct interface *asked) {
    int flags = IFF_TAP | IFF_NO_PI | (asked->vnet_hdr ? IFF_VNET_HDR : 0) | (asked->queues > 1 ? IFF_MULTI_QUEUE : 0);
    int fd = open(node, O_RDWR | O_CLOEXEC | O_NONBLOCK), errnum = 0;
    struct ifreq request = {0};

    if (fd < 0) return -errno;
    if (ioctl(fd, TUNGETIFF, &request) || strcmp(request.ifr_name, link->name)) errnum = ESTALE;
    request.ifr_flags = (short)flags;
    if (!errnum && (ioctl(fd, TUNSETIFF, &request) || fcntl(fd, F_SETFL, 0))) errnum = errno;
    if (!errnum) return fd;
    close(fd);
    return -errnum;
}

/* Does /sys say that the node is another's?  Where it says nothing, the open queue does: but that one is attached by then. */
static bool is_anothers(const struct link *link, const struct stat *node) {
    char path[100];
    unsigned major_of, minor_of;
    bool other = false;
    FILE *file;

    snprintf(path, sizeof(path), "/sys/class/net/%s/tap%u/dev", link->name, link->ifindex);
    file = fopen(path, "re");
    if (file && fscanf(file, "%u:%u", &major_of, &minor_of) == 2) other = node->st_rdev != makedev(major_of, minor_of);
    if (file) fclose(file);
    return other || !S_ISCHR(node->st_mode);
}

static int check_node(const struct link *link, const char *node, const char *object, struct tapgrant_error *error) {
    struct stat stat_of;
    pid_t holder;
    int found;

    if (stat(node, &stat_of)) return explain_node(errno, link, node, object, error);
    if (is_anothers(link, &stat_of)) return explain_node(ESTALE, link, node, object, error);
    found = links_node_holder(stat_of.st_rdev, &holder);
    if (found < 0) {
        return explain_call("open(2) below /proc", found, error);
    }
    if (!found) {
        return TAPGRANT_OK;
    }
    error_set(error, TAPGRANT_DEVICE, object, "is held by another process");
    error_hint(error, "process %d holds %s of %s: end it, or use another", (int)holder, node, link->name);
    return TAPGRANT_DEVICE;
}

int macvtap_open(const struct interface *asked, const struct link *link, struct tapgrant_device *device,
                 const char *object, struct tapgrant_error *error) {
    struct stat stat_of;
    char node[NODE];
    int code, fd;

    snprintf(node, sizeof(node), "/dev/tap%u", link->ifindex);
    code = check_node(link, node, object, error);
    for (unsigned queue = 0; !code && queue < asked->queues; queue++) {
        fd = open_queue(node, link, asked);
        if (fd < 0) return explain_node(-fd, link, node, object, error);
        device->fd[queue] = fd;
        device->queues = queue + 1;
    }
    if (code) return code;
    device_describe(device, link);
    if (fstat(device->fd[0], &stat_of)) return explain_node(errno, link, node, object, error);
    device->uid = device->owner = stat_of.st_uid;
    device->multi_queue = true;
    device->vnet_hdr = asked->vnet_hdr;
    device->persist = true; /* its descriptors do not hold it */
    memcpy(device->guest_mac, asked->guest_mac, sizeof(device->guest_mac));
    if (stat_of.st_mode & S_IWOTH)
        device_warn(device, "its node %s is open to all: any user of this host may open it", node);
    if (!link->up) device_warn(device, "it is down: no traffic flows until root does ip link set %s up", link->name);
    return TAPGRANT_OK;
}
