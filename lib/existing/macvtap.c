// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * An existing macvtap.  Its queues are opened by a node of its own, /dev/tap<index>, and the node's
 * mode says who may.  The link's kind tells that it is a macvtap: many containers lack the node,
 * and a node of another device may be in its place (drivers/net/tap.c).  Every open(2) attaches one
 * more queue, whoever does it.  The kernel never says that it is busy, so we look for a holder.
 */
#include "lib/existing/macvtap.h"
#include "lib/error.h"

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
/* a node's numbers, as mknod(1) takes them */
#define NUMBERS "$(tr : ' ' </sys/class/net/%s/tap%u/dev)"

struct macvtap {
    const struct link *link;
    const char *object;
    char node[NODE];
};

static int explain_access(const struct macvtap *macvtap, struct tapgrant_error *failure) {
    struct stat node;

    if (stat(macvtap->node, &node)) {
        node = (struct stat){.st_mode = 0};
    }
    error_set(failure, TAPGRANT_DEVICE, macvtap->object,
              "is a macvtap, and uid %u may not open its node %s (owner %u, mode %04o)", geteuid(),
              macvtap->node, node.st_uid, node.st_mode & 07777);
    error_hint(failure, "chown %u %s, as root", geteuid(), macvtap->node);
    return TAPGRANT_DEVICE;
}

static int explain_no_node(const struct macvtap *macvtap, struct tapgrant_error *failure) {
    error_set(failure, TAPGRANT_DEVICE, macvtap->object,
              "is a macvtap, and its node %s does not exist", macvtap->node);
    error_hint(failure, "mknod %s c " NUMBERS " && chown %u %s, as root", macvtap->node,
               macvtap->link->name, macvtap->link->ifindex, geteuid(), macvtap->node);
    return TAPGRANT_DEVICE;
}

/* The node that is there may be in use, so the hint does not remove it. */
static int explain_other_node(const struct macvtap *macvtap, struct tapgrant_error *failure) {
    error_set(failure, TAPGRANT_DEVICE, macvtap->object,
              "is a macvtap, and its node %s is of another device or of none", macvtap->node);
    error_hint(failure, "mv %s %s.old; mknod %s c " NUMBERS ", as root", macvtap->node,
               macvtap->node, macvtap->node, macvtap->link->name, macvtap->link->ifindex);
    return TAPGRANT_DEVICE;
}

/* The node could not be opened or used. */
static int explain_node(const struct macvtap *macvtap, int error, struct tapgrant_error *failure) {
    char call[NODE + sizeof("open(2) of ")];
    struct link now;

    if (error_is_lack(error)) {
        snprintf(call, sizeof(call), "open(2) of %s", macvtap->node);
        return explain_call(call, error, failure);
    }
    if (links_by_index(macvtap->link->ifindex, &now) == -ENODEV) {
        return explain_vanished(macvtap->object, failure);
    }
    if (error == -EACCES || error == -EPERM) {
        return explain_access(macvtap, failure);
    }
    if (error == -ENOENT) {
        return explain_no_node(macvtap, failure);
    }
    if (error == -ENXIO || error == -ENODEV || error == -ESTALE) {
        return explain_other_node(macvtap, failure);
    }
    error_set(failure, TAPGRANT_DEVICE, macvtap->object, "cannot be opened by its node %s: %s",
              macvtap->node, strerror(-error));
    if (error == -EBUSY) {
        error_hint(failure,
                   "all queues that it can have are held: use another, or wait until one is free");
    }
    return TAPGRANT_DEVICE;
}

/* -ESTALE: the node is another device's. */
static int check_queue(int queue, const struct link *link) {
    struct ifreq request = {.ifr_flags = 0};

    if (ioctl(queue, TUNGETIFF, &request)) {
        return -ESTALE;
    }
    return strcmp(request.ifr_name, link->name) ? -ESTALE : 0;
}

/* TUNSETIFF changes these flags of an attached queue, and nothing of the macvtap. */
static int set_flags(int queue, const struct interface *wanted) {
    struct ifreq request = {.ifr_flags = 0};
    unsigned flags = IFF_TAP | IFF_NO_PI;

    if (wanted->vnet_hdr) {
        flags |= IFF_VNET_HDR;
    }
    if (wanted->queues > 1) {
        flags |= IFF_MULTI_QUEUE;
    }
    request.ifr_flags = (short)flags;
    if (ioctl(queue, TUNSETIFF, &request)) {
        return -errno;
    }
    return fcntl(queue, F_SETFL, 0) ? -errno : 0;
}

/* A descriptor or a negative errno.  O_NONBLOCK: open(2) of another kind of node could wait. */
static int open_queue(const struct macvtap *macvtap, const struct interface *wanted) {
    int queue = open(macvtap->node, O_RDWR | O_CLOEXEC | O_NONBLOCK);
    int error;

    if (queue < 0) {
        return -errno;
    }
    error = check_queue(queue, macvtap->link);
    if (!error) {
        error = set_flags(queue, wanted);
    }
    if (error) {
        close(queue);
        return error;
    }
    return queue;
}

/*
 * Does /sys say that the node is another device's?  If /sys says nothing, check_queue() finds out,
 * but then a queue of the other device is attached.
 */
static bool is_another_device(const struct link *link, const struct stat *node) {
    char path[100];
    unsigned major_number;
    unsigned minor_number;
    bool is_another = false;
    FILE *file;

    if (!S_ISCHR(node->st_mode)) {
        return true;
    }
    snprintf(path, sizeof(path), "/sys/class/net/%s/tap%u/dev", link->name, link->ifindex);
    file = fopen(path, "re");
    if (!file) {
        return false;
    }
    if (fscanf(file, "%u:%u", &major_number, &minor_number) == 2) {
        is_another = node->st_rdev != makedev(major_number, minor_number);
    }
    fclose(file);
    return is_another;
}

static int check_node(const struct macvtap *macvtap, struct tapgrant_error *failure) {
    struct stat node;
    pid_t holder;
    int found;

    if (stat(macvtap->node, &node)) {
        return explain_node(macvtap, -errno, failure);
    }
    if (is_another_device(macvtap->link, &node)) {
        return explain_node(macvtap, -ESTALE, failure);
    }
    found = links_node_holder(node.st_rdev, &holder);
    if (found < 0) {
        return explain_call("open(2) below /proc", found, failure);
    }
    if (!found) {
        return TAPGRANT_OK;
    }
    error_set(failure, TAPGRANT_DEVICE, macvtap->object, "is held by another process");
    error_hint(failure, "process %d holds %s of %s: use another, or end the process if it is yours",
               (int)holder, macvtap->node, macvtap->link->name);
    return TAPGRANT_DEVICE;
}

static int open_queues(const struct macvtap *macvtap,
                       const struct interface *wanted,
                       struct tapgrant_device *device,
                       struct tapgrant_error *failure) {
    for (unsigned i = 0; i < wanted->queues; i++) {
        int queue = open_queue(macvtap, wanted);

        if (queue < 0) {
            return explain_node(macvtap, queue, failure);
        }
        device->fd[i] = queue;
        device->queues = i + 1;
    }
    return TAPGRANT_OK;
}

static int describe(const struct macvtap *macvtap,
                    const struct interface *wanted,
                    struct tapgrant_device *device,
                    struct tapgrant_error *failure) {
    struct stat node;

    device_describe(device, macvtap->link);
    if (fstat(device->fd[0], &node)) {
        return explain_node(macvtap, -errno, failure);
    }
    device->uid = node.st_uid;
    device->owner = node.st_uid;
    device->multi_queue = true;
    device->vnet_hdr = wanted->vnet_hdr;
    device->persist = true; /* it stays when its descriptors are closed */
    memcpy(device->guest_mac, wanted->guest_mac, sizeof(device->guest_mac));
    if (node.st_mode & S_IWOTH) {
        device_warn(device, "its node %s is open to all: any user of this host may open it",
                    macvtap->node);
    }
    if (!macvtap->link->up) {
        device_warn(device, "it is down: no traffic flows until root does ip link set %s up",
                    macvtap->link->name);
    }
    return TAPGRANT_OK;
}

int macvtap_open(const struct interface *wanted,
                 const struct link *link,
                 const char *object,
                 struct tapgrant_device *device,
                 struct tapgrant_error *failure) {
    struct macvtap macvtap = {.link = link, .object = object};
    int code;

    snprintf(macvtap.node, sizeof(macvtap.node), "/dev/tap%u", link->ifindex);
    code = check_node(&macvtap, failure);
    if (code) {
        return code;
    }
    code = open_queues(&macvtap, wanted, device, failure);
    if (code) {
        return code;
    }
    return describe(&macvtap, wanted, device, failure);
}
