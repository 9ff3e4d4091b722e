// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What programs call: deleting, listing.
 */
#include "lib/error.h"
#include "lib/links/links.h"
#include "lib/device.h"
#include "lib/existing/existing.h"
#include "lib/uncancelled.h"

#include <errno.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DUMPS 8 /* of the links, until one was not disturbed by a change */

/* Is it ours to delete? */
static int check_deletable(const char *dev, const struct link *link, const char *object, struct tapgrant_error *error) {
    if (link->uid == LINKS_NOBODY) {
        error_set(error, TAPGRANT_DEVICE, object, "was not made by tapgrant for a user");
        error_hint(error, "whoever made it removes it: ip link del %s, as root", dev);
    } else if (link->uid != getuid() || link->owner != geteuid()) {
        error_set(error, TAPGRANT_DEVICE, object, "was granted to uid %u and belongs to uid %d; this is uid %u", link->uid,
                  (int)link->owner, getuid());
        error_hint(error, "its user deletes it, or root: ip link del %s", dev);
    } else if (!link->persist) {
        error_set(error, TAPGRANT_DEVICE, object, "is not persistent: it goes with the process that holds it");
        error_hint(error, "end that process");
    } else {
        return TAPGRANT_OK;
    }
    return TAPGRANT_DEVICE;
}

static int explain_held(const char *object, const char *name, struct tapgrant_error *error) {
    pid_t holder;
    int found;

    error_set(error, TAPGRANT_DEVICE, object, "is in use");
    found = links_holder(name, true, &holder);
    if (found > 0) {
        error_hint(error, "process %d holds it: end it first", (int)holder);
    } else if (found < 0) {
        error_hint(error, "who holds it cannot be looked up in /proc: %s; "
                          "root finds it with tapgrant doctor %s", strerror(-found), name);
    } else {
        error_hint(error, "the process that holds it is not yours to see: root finds it with tapgrant doctor %s", name);
    }
    return TAPGRANT_DEVICE;
}

/* The tap DEV as it is now.  OBJECT is "interface DEV". */
static int find_tap(const char *dev, struct link *link, const char *object,
                    struct tapgrant_error *error) {
    int failed = *dev ? links_by_name(dev, link) : -ENODEV;

    if (failed && error_is_lack(failed)) {
        return explain_lookup(object, failed, error);
    }
    if (failed || strcmp(link->kind, "tun") || !link->is_tap) {
        error_set(error, TAPGRANT_DEVICE, object, failed ? "does not exist" : "is no tap");
        error_hint(error, "tapgrant list shows what there is");
        return TAPGRANT_DEVICE;
    }
    return TAPGRANT_OK;
}

/* A queue of the tap that was looked at, of which nobody else has one: *FD. */
static int attach_alone(const struct link *link, const char *object, int *fd,
                        struct tapgrant_error *error) {
    unsigned flags = IFF_TAP | IFF_NO_PI;
    struct link now;
    bool node_is_open;
    int failed;

    flags |= link->vnet_hdr ? IFF_VNET_HDR : 0;
    flags |= link->multi_queue ? IFF_MULTI_QUEUE : 0;
    *fd = tun_attach(link->name, flags, &node_is_open);
    if (*fd == -EBUSY || *fd == -E2BIG) {
        return explain_held(object, link->name, error);
    }
    if (*fd < 0 && (!node_is_open || *fd == -EACCES || *fd == -ENOENT)) {
        return explain_tun_node(*fd, error);
    }
    if (*fd < 0 && error_is_lack(*fd)) {
        return explain_call("TUNSETIFF", *fd, error);
    }
    if (*fd < 0) {
        return error_set(error, TAPGRANT_DEVICE, object, "cannot be opened: %s", strerror(-*fd));
    }
    failed = links_by_name(link->name, &now);
    if (failed && failed != -ENODEV) {
        return explain_lookup(object, failed, error);
    }
    if (failed || now.ifindex != link->ifindex) {
        return explain_vanished(object, error);
    }
    if (now.multi_queue && now.attached_queues != 1) {
        return explain_held(object, link->name, error);
    }
    return TAPGRANT_OK;
}

static int delete_tap(const char *dev, struct tapgrant_error *error) {
    char object[INTERFACE_DEV + 16], shown[INTERFACE_DEV];
    struct link link;
    int code;
    int fd;

    snprintf(object, sizeof(object), "interface %s",
             interface_printable(dev, shown, sizeof(shown)));
    code = find_tap(dev, &link, object, error);
    if (code) {
        return code;
    }
    code = check_deletable(link.name, &link, object, error);
    if (code) {
        return code;
    }
    code = attach_alone(&link, object, &fd, error);
    if (!code && ioctl(fd, TUNSETPERSIST, 0)) {
        code = error_set(error, TAPGRANT_FAILED, object, "cannot be deleted: %s", strerror(errno));
    }
    if (fd >= 0) {
        close(fd);
    }
    return code;
}

int tapgrant_delete(const char *dev, struct tapgrant_error *error) {
    UNCANCELLED;

    if (error) {
        *error = (struct tapgrant_error){0};
    }
    return delete_tap(dev, error);
}

/* What the bridge knows of the port that was looked at, by further questions. */
static int describe_port(struct tapgrant_device *device, const struct link *link,
                         const char *object, struct tapgrant_error *error) {
    struct link bridge;
    int failed;

    if (!link->master) {
        return TAPGRANT_OK;
    }
    failed = links_by_index(link->master, &bridge);
    if (failed && error_is_lack(failed)) {
        return explain_lookup(object, failed, error);
    }
    if (!failed) {
        memcpy(device->bridge, bridge.name, sizeof(device->bridge));
    }
    failed = links_locked_mac(link, device->guest_mac);
    if (failed && error_is_lack(failed)) {
        return explain_lookup(object, failed, error);
    }
    return TAPGRANT_OK;
}

static int find(const char *dev, struct tapgrant_device **device, struct tapgrant_error *error) {
    char object[INTERFACE_DEV + 16], shown[INTERFACE_DEV];
    struct link link;
    int failed = *dev ? links_by_name(dev, &link) : -ENODEV;
    int code;

    snprintf(object, sizeof(object), "interface %s", interface_printable(dev, shown, sizeof(shown)));
    if (failed && error_is_lack(failed)) {
        return explain_lookup(object, failed, error);
    }
    if (failed) {
        return error_set(error, TAPGRANT_DEVICE, object, "does not exist");
    }
    snprintf(object, sizeof(object), "interface %s", link.name);
    if (!link.is_tap) {
        return error_set(error, TAPGRANT_DEVICE, object, "is no tap but of kind %s", link.kind[0] ? link.kind : "hardware");
    }
    *device = device_new();
    if (!*device) {
        return explain_no_memory(error);
    }
    device_describe(*device, &link);
    (*device)->queues = link.multi_queue ? link.attached_queues : 1;
    code = describe_port(*device, &link, object, error);
    if (code) {
        tapgrant_close(*device);
        *device = NULL;
    }
    return code;
}

int tapgrant_find(const char *dev, struct tapgrant_device **device, struct tapgrant_error *error) {
    UNCANCELLED;

    if (error) {
        *error = (struct tapgrant_error){0};
    }
    *device = NULL;
    return find(dev, device, error);
}

struct listing {
    struct tapgrant_device **devices;
    size_t count, room;
    bool all; /* also those that tapgrant did not make */
};

static int list_one(const struct link *link, void *context) {
    struct listing *listing = context;
    struct tapgrant_device *device, **more;

    bool ours = link->uid != LINKS_NOBODY || !strncmp(link->alias, "tapgrant ", 9);

    if (strcmp(link->kind, "tun") || !link->is_tap || !(ours || listing->all)) return 0;
    if (listing->count == listing->room) {
        more = reallocarray(listing->devices, listing->room * 2 + 16, sizeof(struct tapgrant_device *));
        if (!more) return -ENOMEM;
        listing->devices = more;
        listing->room = listing->room * 2 + 16;
    }
    device = device_new();
    if (!device) return -ENOMEM;
    listing->devices[listing->count++] = device;
    device_describe(device, link);
    device->managed = true;
    device->queues = link->multi_queue ? link->attached_queues : 1;
    return 0;
}

/* Once the list is whole: a dump takes no questions in between.  A bridge may be gone by then. */
static int name_bridges(struct listing *listing) {
    struct link bridge = {0};

    for (size_t i = 0; i < listing->count; i++) {
        uint32_t master = listing->devices[i]->master;
        int failed = 0;

        if (master && bridge.ifindex != master) {
            failed = links_by_index(master, &bridge);
        }
        if (failed && error_is_lack(failed)) {
            return failed;
        }
        if (master && !failed) {
            memcpy(listing->devices[i]->bridge, bridge.name, WIRE_NAME);
        }
    }
    return 0;
}

static void note_mac(uint32_t port, const uint8_t mac[6], void *context) {
    struct listing *listing = context;
    size_t low = 0, high = listing->count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (listing->devices[middle]->ifindex < port)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < listing->count && listing->devices[low]->ifindex == port) memcpy(listing->devices[low]->guest_mac, mac, 6);
}

/* The guests' addresses that the bridges lock the ports to; each forwarding table is read once. */
static int note_macs(struct listing *listing) {
    for (size_t i = 0; i < listing->count; i++) {
        bool seen = !listing->devices[i]->locked;
        int failed = 0;

        for (size_t j = 0; !seen && j < i; j++) {
            seen = listing->devices[j]->locked && listing->devices[j]->master == listing->devices[i]->master;
        }
        if (!seen) {
            failed = links_locked(listing->devices[i]->master, note_mac, listing);
        }
        if (failed && error_is_lack(failed)) {
            return failed;
        }
    }
    return 0;
}

static int by_index(const void *a, const void *b) {
    const struct tapgrant_device *const *left = a, *const *right = b;

    return ((*left)->ifindex > (*right)->ifindex) - ((*left)->ifindex < (*right)->ifindex);
}

static void free_all(struct tapgrant_device **devices, size_t count) {
    for (size_t i = 0; i < count; i++) {
        tapgrant_close(devices[i]);
    }
    free(devices);
}

void tapgrant_list_free(struct tapgrant_device **devices, size_t count) {
    UNCANCELLED;

    free_all(devices, count);
}

static int list(struct tapgrant_device ***devices, size_t *count, bool all, struct tapgrant_error *error) {
    struct listing listing = {0};
    int failed = -EINTR;

    if (error) {
        *error = (struct tapgrant_error){0};
    }
    *devices = NULL;
    *count = 0;
    /* EINTR: links came or went meanwhile, and one may be missing (NLM_F_DUMP_INTR) */
    for (int i = 0; failed == -EINTR && i < DUMPS; i++) {
        free_all(listing.devices, listing.count);
        listing = (struct listing){.all = all};
        failed = links_all(list_one, &listing);
    }
    if (!failed && listing.count) {
        qsort(listing.devices, listing.count, sizeof(struct tapgrant_device *), by_index);
    }
    if (!failed) {
        failed = name_bridges(&listing);
    }
    if (!failed) {
        failed = note_macs(&listing);
    }
    if (failed) {
        free_all(listing.devices, listing.count);
        return explain_lookup("the links", failed, error);
    }
    *devices = listing.devices;
    *count = listing.count;
    return TAPGRANT_OK;
}

int tapgrant_list(struct tapgrant_device ***devices, size_t *count, struct tapgrant_error *error) {
    UNCANCELLED;

    return list(devices, count, false, error);
}

int tapgrant_list_all(struct tapgrant_device ***devices, size_t *count, struct tapgrant_error *error) {
    UNCANCELLED;

    return list(devices, count, true, error);
}

size_t tapgrant_holders(const struct tapgrant_device *device, pid_t holders[], size_t count) {
    UNCANCELLED;

    return links_holders(device->name, holders, count);
}
