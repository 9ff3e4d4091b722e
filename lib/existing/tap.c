// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Opening an existing tap.  Between the look at it and the attachment it can be deleted, renamed or
 * replaced, so it is looked at again afterwards.
 */
#include "lib/existing/tap.h"
#include "lib/error.h"
#include "lib/existing/existing.h"

#include <errno.h>
#include <linux/if_tun.h>
#include <string.h>
#include <unistd.h>

/* IS_OURS_TOO: this process has it open, and another holder is looked for. */
static void hint_holder(const char *name, bool is_ours_too, struct tapgrant_error *failure) {
    pid_t holder;
    int found = links_holder(name, is_ours_too, &holder);

    if (found > 0) {
        error_hint(failure,
                   "process %d holds it: use another tap, or end the process if it is yours",
                   (int)holder);
    } else {
        hint_unknown_holder(name, found, failure);
    }
}

/* EPERM: somebody else may open it. */
static int explain_owner(const struct link *link,
                         const char *object,
                         struct tapgrant_error *failure) {
    if (link->owner != LINKS_NOBODY && link->owner != geteuid()) {
        error_set(failure, TAPGRANT_DEVICE, object, "belongs to uid %u, and this is uid %u",
                  link->owner, geteuid());
        error_hint(failure,
                   "use one's own tap, or have root make one: "
                   "ip tuntap add dev NAME mode tap user %u",
                   geteuid());
    } else if (link->group != LINKS_NOBODY) {
        error_set(failure, TAPGRANT_DEVICE, object,
                  "belongs to group %u, and this process is not in it", link->group);
        error_hint(failure, "add the user to the group, and log in again");
    } else {
        error_set(failure, TAPGRANT_DEVICE, object,
                  "has no owner, and this kernel does not open it to everybody");
        error_hint(failure,
                   "have root make one with an owner: "
                   "ip tuntap add dev NAME mode tap user %u",
                   geteuid());
    }
    return TAPGRANT_DEVICE;
}

static bool is_of_the_node(int error) {
    return error == -EACCES || error == -ENOENT || error == -ENODEV || error == -ENXIO;
}

/* ERROR is that of TUNSETIFF or TUNSETIFINDEX. */
static int explain_attach(const struct link *link,
                          const char *object,
                          int error,
                          struct tapgrant_error *failure) {
    struct link now;
    int lookup_error;

    if (error_is_lack(error)) {
        return explain_call("TUNSETIFF", error, failure);
    }
    /* TUNSETIFF fails with these only where SELinux refuses it */
    if (is_of_the_node(error)) {
        return explain_tun_node(error, failure);
    }
    lookup_error = links_by_index(link->ifindex, &now);
    if (lookup_error && lookup_error != -ENODEV) {
        return explain_lookup(object, lookup_error, failure);
    }
    /* a tap that was renamed is not there under the name that was asked for */
    if (lookup_error || strcmp(now.name, link->name)) {
        return explain_vanished(object, failure);
    }
    if (error == -EPERM) {
        return explain_owner(link, object, failure);
    }
    if (error == -EBUSY || error == -E2BIG) {
        error_set(failure, TAPGRANT_DEVICE, object, "is held by another process");
        error_reason_code(failure, "in_use");
        hint_holder(link->name, false, failure);
        return TAPGRANT_DEVICE;
    }
    error_set(failure, TAPGRANT_DEVICE, object, "cannot be opened: %s", strerror(-error));
    error_hint(failure, "tapgrant doctor %s tells what it is", link->name);
    return TAPGRANT_DEVICE;
}

static int attach_queues(const struct interface *wanted,
                         const struct link *link,
                         const char *object,
                         struct tapgrant_device *device,
                         struct tapgrant_error *failure) {
    unsigned flags = IFF_TAP | IFF_NO_PI;

    if (wanted->vnet_hdr) {
        flags |= IFF_VNET_HDR;
    }
    if (link->multi_queue) {
        flags |= IFF_MULTI_QUEUE;
    }
    for (unsigned i = 0; i < wanted->queues; i++) {
        bool node_is_open;
        int queue = tun_attach(link->name, flags, &node_is_open);

        if (queue < 0 && !node_is_open) {
            return explain_tun_node(queue, failure);
        }
        if (queue < 0) {
            return explain_attach(link, object, queue, failure);
        }
        device->fd[i] = queue;
        device->queues = i + 1;
    }
    return TAPGRANT_OK;
}

/* Is it the tap that was looked at?  If it can have several queues, are all of them ours? */
static int check_opened(const struct link *link,
                        const char *object,
                        const struct tapgrant_device *device,
                        struct tapgrant_error *failure) {
    struct link now = *link;
    int error;

    if (link->multi_queue) {
        error = links_by_name(link->name, &now);
    } else {
        error = links_index_of(link->name, &now.ifindex);
    }
    if (error && error != -ENODEV) {
        return explain_lookup(object, error, failure);
    }
    if (error || now.ifindex != link->ifindex) {
        return explain_vanished(object, failure);
    }
    if (now.multi_queue && now.attached_queues != device->queues) {
        error_set(failure, TAPGRANT_DEVICE, object,
                  "another process holds %u of its queues, and would get a share of the traffic",
                  now.attached_queues - device->queues);
        error_reason_code(failure, "in_use");
        hint_holder(now.name, true, failure);
        return TAPGRANT_DEVICE;
    }
    return TAPGRANT_OK;
}

static void describe(const struct interface *wanted,
                     const struct link *link,
                     struct tapgrant_device *device) {
    device_describe(device, link);
    device->vnet_hdr = wanted->vnet_hdr; /* TUNSETIFF makes it what its opener asks for */
    memcpy(device->guest_mac, wanted->guest_mac, sizeof(device->guest_mac));
    if (link->master && links_name_of(link->master, device->bridge)) {
        device->bridge[0] = 0;
    }
    if (link->owner == LINKS_NOBODY && link->group == LINKS_NOBODY) {
        device_warn(device, "it has no owner: any user of this host may open it while it is free");
    }
    if (!link->up) {
        device_warn(device, "it is down: no traffic flows until root does ip link set %s up",
                    link->name);
    }
}

int tap_open(const struct interface *wanted,
             const struct link *link,
             const char *object,
             struct tapgrant_device *device,
             struct tapgrant_error *failure) {
    int code = attach_queues(wanted, link, object, device, failure);

    if (code) {
        return code;
    }
    code = check_opened(link, object, device, failure);
    if (code) {
        return code;
    }
    describe(wanted, link, device);
    return TAPGRANT_OK;
}
