// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Deleting the caller's own persistent tap.  Its owner may attach to it and make it transient; the
 * kernel then deletes it when the descriptor is closed.  No privilege is needed.
 */
#include "lib/closes.h"
#include "lib/error.h"
#include "lib/existing/existing.h"
#include "lib/links/links.h"
#include "lib/uncancelled.h"

#include <errno.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int find_tap(const char *dev,
                    const char *object,
                    struct link *link,
                    struct tapgrant_error *failure) {
    int error = *dev ? links_by_name(dev, link) : -ENODEV;

    if (error_is_lack(error)) {
        return explain_lookup(object, error, failure);
    }
    if (error) {
        error_set(failure, TAPGRANT_DEVICE, object, "does not exist");
    } else if (!link->is_tap) {
        error_set(failure, TAPGRANT_DEVICE, object, "is no tap");
    } else {
        return TAPGRANT_OK;
    }
    error_hint(failure, "tapgrant list shows what there is");
    if (error) {
        error_reason_code(failure, "missing");
    }
    return TAPGRANT_DEVICE;
}

static int check_own(const struct link *link, const char *object, struct tapgrant_error *failure) {
    if (link->uid == LINKS_NOBODY) {
        error_set(failure, TAPGRANT_DEVICE, object, "was not made by tapgrant for a user");
        error_hint(failure, "whoever made it can delete it: tapgrant doctor %s shows what it is",
                   link->name);
    } else if (link->uid != getuid() || link->owner != geteuid()) {
        error_set(failure, TAPGRANT_DEVICE, object,
                  "was granted to uid %u and belongs to uid %d; this is uid %u", link->uid,
                  (int)link->owner, getuid());
        error_hint(failure, "its user can delete it: tapgrant delete %s", link->name);
    } else if (!link->persist) {
        error_set(failure, TAPGRANT_DEVICE, object,
                  "is not persistent: it goes with the process that holds it");
        error_hint(failure, "end that process");
    } else {
        return TAPGRANT_OK;
    }
    return TAPGRANT_DEVICE;
}

static int explain_held(const char *object, const char *name, struct tapgrant_error *failure) {
    pid_t holder;
    int found = links_holder(name, true, &holder);

    error_set(failure, TAPGRANT_DEVICE, object, "is in use");
    if (found > 0) {
        error_hint(failure, "process %d holds it: end it first", (int)holder);
    } else {
        hint_unknown_holder(name, found, failure);
    }
    return TAPGRANT_DEVICE;
}

static int explain_attach(const struct link *link,
                          const char *object,
                          int error,
                          bool node_is_open,
                          struct tapgrant_error *failure) {
    if (error == -EBUSY || error == -E2BIG) {
        return explain_held(object, link->name, failure);
    }
    /* TUNSETIFF fails with these two only where SELinux refuses it */
    if (!node_is_open || error == -EACCES || error == -ENOENT) {
        return explain_tun_node(error, failure);
    }
    if (error_is_lack(error)) {
        return explain_call("TUNSETIFF", error, failure);
    }
    return error_set(failure, TAPGRANT_DEVICE, object, "cannot be opened: %s", strerror(-error));
}

/*
 * Is the tap still the one that was looked at, and does nobody else hold a queue of it?  A tap with
 * one queue can have no second holder.
 */
static int check_alone(const struct link *link,
                       const char *object,
                       struct tapgrant_error *failure) {
    struct link now;
    int error = links_by_name(link->name, &now);

    if (error && error != -ENODEV) {
        return explain_lookup(object, error, failure);
    }
    if (error || now.ifindex != link->ifindex) {
        return explain_vanished(object, failure);
    }
    if (now.multi_queue && now.attached_queues != 1) {
        return explain_held(object, link->name, failure);
    }
    return TAPGRANT_OK;
}

static int attach(const struct link *link,
                  const char *object,
                  int *queue,
                  struct tapgrant_error *failure) {
    unsigned flags = IFF_TAP | IFF_NO_PI;
    bool node_is_open;

    if (link->vnet_hdr) {
        flags |= IFF_VNET_HDR;
    }
    if (link->multi_queue) {
        flags |= IFF_MULTI_QUEUE;
    }
    *queue = tun_attach(link->name, flags, &node_is_open);
    if (*queue < 0) {
        return explain_attach(link, object, *queue, node_is_open, failure);
    }
    return TAPGRANT_OK;
}

static int delete_tap(const char *dev, struct tapgrant_error *failure) {
    char object[ERROR_OBJECT];
    CLOSES int queue = -1;
    struct link link = {0};
    int code;

    error_object_of(dev, object);
    code = find_tap(dev, object, &link, failure);
    if (code) {
        return code;
    }
    code = check_own(&link, object, failure);
    if (code) {
        return code;
    }
    code = attach(&link, object, &queue, failure);
    if (code) {
        return code;
    }
    code = check_alone(&link, object, failure);
    if (code) {
        return code;
    }
    if (ioctl(queue, TUNSETPERSIST, 0)) {
        return error_set(failure, TAPGRANT_FAILED, object, "cannot be deleted: %s",
                         strerror(errno));
    }
    return TAPGRANT_OK;
}

int tapgrant_delete(const char *dev, struct tapgrant_error *error) {
    UNCANCELLED;

    error_clear(error);
    return delete_tap(dev, error);
}
