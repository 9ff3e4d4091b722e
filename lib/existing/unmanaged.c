// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * An unmanaged interface: its device is opened, and nothing is changed or executed.
 */
#include "lib/error.h"
#include "lib/existing/existing.h"
#include "lib/existing/macvtap.h"
#include "lib/existing/tap.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static bool is_macvtap(const struct link *link) {
    return !strcmp(link->kind, "macvtap");
}

static int explain_kind(const struct link *link,
                        const char *object,
                        struct tapgrant_error *failure) {
    const char *kind = strcmp(link->kind, "tun") ? links_kind(link) : "tun (layer 3)";

    error_set(failure, TAPGRANT_DEVICE, object, "is no tap but of kind %s", kind);
    error_hint(failure, "name a tap or a macvtap: ip -d link show type tun lists the taps");
    return TAPGRANT_DEVICE;
}

static int find(const struct interface *wanted,
                const char *object,
                struct link *link,
                struct tapgrant_error *failure) {
    int error = links_by_name(wanted->dev, link);

    if (error == -ENODEV || error == -EINVAL || error == -ERANGE) {
        /* in libvirt's words */
        error_set(failure, TAPGRANT_DEVICE, object,
                  "target managed='no' but specified dev doesn't exist");
        error_hint(failure, "ip tuntap add dev %s mode tap user %u, as root, makes it", wanted->dev,
                   geteuid());
        error_reason_code(failure, "missing");
        return TAPGRANT_DEVICE;
    }
    if (error) {
        return explain_lookup(object, error, failure);
    }
    if (is_macvtap(link)) {
        return TAPGRANT_OK;
    }
    if (!link->is_tap) {
        return explain_kind(link, object, failure);
    }
    if (wanted->queues > 1 && !link->multi_queue) {
        error_set(failure, TAPGRANT_DEVICE, object, "has one queue, and %u are asked for",
                  wanted->queues);
        error_hint(failure, "ask for queues=1, or make it with multi_queue");
        return TAPGRANT_DEVICE;
    }
    return TAPGRANT_OK;
}

int unmanaged_open(const struct interface *wanted,
                   struct tapgrant_device *device,
                   struct tapgrant_error *failure) {
    char object[ERROR_OBJECT];
    struct link link;
    int code = find(wanted, error_object(wanted, object), &link, failure);

    if (code) {
        return code;
    }
    if (is_macvtap(&link)) {
        code = macvtap_open(wanted, &link, object, device, failure);
    } else {
        code = tap_open(wanted, &link, object, device, failure);
    }
    if (code) {
        return code;
    }
    device->existed = true;
    device->uid = device->owner;
    return TAPGRANT_OK;
}
