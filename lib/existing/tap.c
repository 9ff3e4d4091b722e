// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The unmanaged road: open what exists, change nothing, execute nothing.
 */
#include "lib/links/links.h"
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
#include <unistd.h>

#define TUN_NODE "/dev/net/tun"

/* Does its mode let this process read and write it? */
static bool mode_allows(const struct stat *node) {
    gid_t groups[1024]; /* who is in more is taken for a member of none */
    int count = getgroups(sizeof(groups) / sizeof(groups[0]), groups);
    bool member = getegid() == node->st_gid;

    for (int i = 0; i < count; i++) member |= groups[i] == node->st_gid;
    return (node->st_mode >> (geteuid() == node->st_uid ? 6 : member ? 3 : 0) & 6) == 6;
}

/* The first byte of a file of SELinux's; '?' where it forbids this process even to read that; 0: there is none. */
static char selinux_says(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char byte = 0;

    if (fd < 0) return errno == EACCES ? '?' : 0;
    if (read(fd, &byte, 1) != 1) byte = 0;
    close(fd);
    return byte;
}

/* The node's mode is not why. */
static void explain_module(const struct stat *node, struct tapgrant_error *error) {
    const char says = selinux_says("/sys/fs/selinux/enforce");
    const bool enforces = says == '1' || says == '?';

    error_set(error, TAPGRANT_FAILED, TUN_NODE, "%s refuses what its mode (%04o) allows uid %u",
              enforces ? "SELinux" : "a security module or access list", node->st_mode & 07777, getuid());
    error_hint(error, enforces ? "ausearch -m AVC -ts recent shows what"
                               : "getfacl " TUN_NODE "; journalctl -k | grep -i denied");
}

int tap_explain_node(int errnum, struct tapgrant_error *error) {
    struct stat node;
    bool there = !stat(TUN_NODE, &node);

    if (error_is_lack(-errnum)) {
        return explain_call("open(2) of " TUN_NODE, -errnum, error);
    }
    if (!there) {
        error_set(error, TAPGRANT_FAILED, TUN_NODE, "does not exist");
        error_hint(error, "modprobe tun; in a container, give it the device");
    } else if (errnum == EACCES && mode_allows(&node)) {
        explain_module(&node, error);
    } else if (errnum == EACCES || errnum == EPERM) {
        error_set(error, TAPGRANT_FAILED, TUN_NODE, "uid %u may not open it (owner %u, group %u, mode %04o)", getuid(),
                  node.st_uid, node.st_gid, node.st_mode & 07777);
        if ((node.st_mode & 0060) == 0060)
            error_hint(error, "add the user to group %u, or chmod 0666 " TUN_NODE, node.st_gid);
        else
            error_hint(error, "chmod 0666 " TUN_NODE " (what udev does; a tap still needs its owner or the helper)");
    } else {
        error_set(error, TAPGRANT_FAILED, TUN_NODE, "%s", strerror(errnum));
        if (errnum == ENODEV || errnum == ENXIO) error_hint(error, "modprobe tun");
    }
    return TAPGRANT_FAILED;
}

int tap_attach(const char name[WIRE_NAME], unsigned tun_flags, bool *node_is_open) {
    struct ifreq request = {.ifr_flags = (short)tun_flags};
    unsigned loopback = 1; /* the index of a device that there is: TUNSETIFF then attaches, and cannot make one */
    int fd = open(TUN_NODE, O_RDWR | O_CLOEXEC);
    int errnum;

    *node_is_open = fd >= 0;
    if (fd < 0) {
        return -errno;
    }
    memcpy(request.ifr_name, name, strnlen(name, WIRE_NAME - 1));
    if (!ioctl(fd, TUNSETIFINDEX, &loopback) && !ioctl(fd, TUNSETIFF, &request)) {
        if (!strcmp(request.ifr_name, name)) {
            return fd;
        }
        errno = ESTALE; /* another one: attached by a name that changed hands */
    }
    errnum = errno;
    close(fd);
    return -errnum;
}

static int find(const struct interface *interface, struct link *link, const char *object, struct tapgrant_error *error) {
    int failed = links_by_name(interface->dev, link);

    if (failed == -ENODEV || failed == -EINVAL || failed == -ERANGE) {
        error_set(error, TAPGRANT_DEVICE, object, "target managed='no' but specified dev doesn't exist");
        error_hint(error, "ip tuntap add dev %s mode tap user %u, as root, makes it", interface->dev, geteuid());
        return TAPGRANT_DEVICE;
    }
    if (failed) {
        return explain_lookup(object, failed, error);
    }
    if (!strcmp(link->kind, "macvtap")) return TAPGRANT_OK;
    if (strcmp(link->kind, "tun") || !link->is_tap) {
        error_set(error, TAPGRANT_DEVICE, object, "is no tap but of kind %s",
                  !strcmp(link->kind, "tun") ? "tun (layer 3)"
                  : link->kind[0]            ? link->kind
                                             : "hardware");
        error_hint(error, "name a tap or a macvtap: ip -d link show type tun lists the taps");
        return TAPGRANT_DEVICE;
    }
    if (interface->queues > 1 && !link->multi_queue) {
        error_set(error, TAPGRANT_DEVICE, object, "has one queue, and %u are asked for", interface->queues);
        error_hint(error, "ask for queues=1, or make it with multi_queue");
        return TAPGRANT_DEVICE;
    }
    return TAPGRANT_OK;
}

/* IS_OURS_TOO: this process has opened it, and another one is sought. */
static void hint_holders(const char *name, bool is_ours_too, struct tapgrant_error *error) {
    pid_t holder;
    int found = links_holder(name, is_ours_too, &holder);

    if (found > 0) {
        error_hint(error, "process %d holds it: end it, or use another tap", (int)holder);
    } else if (found < 0) {
        error_hint(error, "who holds it cannot be looked up in /proc: %s; "
                          "root finds it with tapgrant doctor %s", strerror(-found), name);
    } else {
        error_hint(error, "the process that holds it is not yours to see: root finds it with tapgrant doctor %s", name);
    }
}

/* EPERM: whose is it? */
static void explain_owner(const struct link *link, const char *object,
                          struct tapgrant_error *error) {
    if (link->owner != LINKS_NOBODY && link->owner != geteuid()) {
        error_set(error, TAPGRANT_DEVICE, object, "belongs to uid %u, and this is uid %u",
                  link->owner, geteuid());
        error_hint(error, "use one's own tap, or have root make one: "
                          "ip tuntap add dev NAME mode tap user %u", geteuid());
    } else if (link->group != LINKS_NOBODY) {
        error_set(error, TAPGRANT_DEVICE, object,
                  "belongs to group %u, and this process is not in it", link->group);
        error_hint(error, "add the user to the group, and log in again");
    } else {
        error_set(error, TAPGRANT_DEVICE, object,
                  "has no owner, and this kernel does not open it to everybody");
        error_hint(error, "have root make one with an owner: "
                          "ip tuntap add dev NAME mode tap user %u", geteuid());
    }
}

/* ERRNUM is TUNSETIFF's, or TUNSETIFINDEX's. */
static int explain_attach(int errnum, const struct link *link, const char *object, struct tapgrant_error *error) {
    struct link now;
    int failed;

    if (error_is_lack(-errnum)) {
        return explain_call("TUNSETIFF", -errnum, error);
    }
    /* TUNSETIFF has none of these but where SELinux refuses it */
    if (errnum == EACCES || errnum == ENOENT || errnum == ENODEV || errnum == ENXIO) {
        return tap_explain_node(errnum, error);
    }
    failed = links_by_index(link->ifindex, &now);
    if (failed && failed != -ENODEV) {
        return explain_lookup(object, failed, error);
    }
    if (failed || strcmp(now.name, link->name)) { /* renamed: as if it were not there */
        return explain_vanished(object, error);
    }
    if (errnum == EPERM) {
        explain_owner(link, object, error);
    } else if (errnum == EBUSY || errnum == E2BIG) {
        error_set(error, TAPGRANT_DEVICE, object, "is held by another process");
        hint_holders(link->name, false, error);
    } else {
        error_set(error, TAPGRANT_DEVICE, object, "cannot be opened: %s", strerror(errnum));
        error_hint(error, "tapgrant doctor %s tells what it is", link->name);
    }
    return TAPGRANT_DEVICE;
}

static int attach_queues(const struct interface *interface, const struct link *link, struct tapgrant_device *device,
                         const char *object, struct tapgrant_error *error) {
    unsigned flags = IFF_TAP | IFF_NO_PI | (interface->vnet_hdr ? IFF_VNET_HDR : 0) | (link->multi_queue ? IFF_MULTI_QUEUE : 0);

    for (unsigned queue = 0; queue < interface->queues; queue++) {
        bool node_is_open;
        int fd = tap_attach(link->name, flags, &node_is_open);

        if (fd < 0 && !node_is_open) {
            return tap_explain_node(-fd, error);
        }
        if (fd < 0) {
            return explain_attach(-fd, link, object, error);
        }
        device->fd[queue] = fd;
        device->queues = queue + 1;
    }
    return TAPGRANT_OK;
}

/* Is the device of that name still the one that was looked at?  Of several queues: are they all ours? */
static int check_opened(const struct link *link, const struct tapgrant_device *device, const char *object,
                        struct tapgrant_error *error) {
    struct link now = *link;
    int failed = link->multi_queue ? links_by_name(link->name, &now) : links_index_of(link->name, &now.ifindex);

    if (failed && failed != -ENODEV) {
        return explain_lookup(object, failed, error);
    }
    if (failed || now.ifindex != link->ifindex) {
        return explain_vanished(object, error);
    }
    if (now.multi_queue && now.attached_queues != device->queues) {
        error_set(error, TAPGRANT_DEVICE, object, "another process holds %u of its queues, and would get a share of the traffic",
                  now.attached_queues - device->queues);
        hint_holders(now.name, true, error);
        return TAPGRANT_DEVICE;
    }
    return TAPGRANT_OK;
}

static void describe(const struct interface *interface, const struct link *link, struct tapgrant_device *device) {
    device_describe(device, link);
    device->vnet_hdr = interface->vnet_hdr; /* follows its opener */
    memcpy(device->guest_mac, interface->guest_mac, sizeof(device->guest_mac));
    if (link->master && links_name_of(link->master, device->bridge)) device->bridge[0] = 0;
    if (link->owner == LINKS_NOBODY && link->group == LINKS_NOBODY)
        device_warn(device, "it has no owner: any user of this host may open it while it is free");
    if (!link->up) device_warn(device, "it is down: no traffic flows until root does ip link set %s up", link->name);
}

int tap_open(const struct interface *asked, const struct link *link, struct tapgrant_device *device, const char *object,
             struct tapgrant_error *error) {
    int code;

    if (!strcmp(link->kind, "macvtap")) return macvtap_open(asked, link, device, object, error);
    code = attach_queues(asked, link, device, object, error);
    if (!code) code = check_opened(link, device, object, error);
    if (!code) describe(asked, link, device);
    return code;
}

int unmanaged_open(const struct interface *interface, struct tapgrant_device *device, struct tapgrant_error *error) {
    char object[INTERFACE_DEV + 16];
    struct link link;
    int code;

    error_object(interface, object);
    code = find(interface, &link, object, error);
    if (!code) code = tap_open(interface, &link, device, object, error);
    device->existed = !code;
    if (!code) device->uid = device->owner;
    return code;
}
