// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A managed interface whose tap exists already.  The policy granted the tap when it was made.  It
 * is opened again only if it is the caller's own and is as it would be made now: who asks for a
 * bridge must not silently get a tap on another one.
 */
#include "lib/existing/existing.h"
#include "lib/error.h"
#include "lib/existing/tap.h"
#include "wire/names.h"

#include <errno.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What differs from what is wanted, as pieces of one sentence. */
#define DIFFERENCES 500

static bool is_declared(const struct link *link) {
    return !strncmp(link->alias, NAMES_DECLARED, strlen(NAMES_DECLARED));
}

/* Of a device that is not the caller's own persistent tap nothing more is compared. */
static void compare_device(const struct interface *wanted, const struct link *link, char *text) {
    bool has_user = link->uid != LINKS_NOBODY;

    if (strcmp(link->name, wanted->dev)) {
        error_add(text, DIFFERENCES, "is an alternative name of %s", link->name);
    } else if (!link->is_tap) {
        error_add(text, DIFFERENCES, "is no tap but of kind %s", links_kind(link));
    } else if (!has_user && !is_declared(link)) {
        error_add(text, DIFFERENCES, "was not made by tapgrant for a user");
    } else if (has_user && link->uid != getuid()) {
        error_add(text, DIFFERENCES, "was granted to uid %u, and this is uid %u", link->uid,
                  getuid());
    } else if (link->owner == LINKS_NOBODY) {
        error_add(text, DIFFERENCES, "has no owner");
    } else if (link->owner != geteuid()) {
        error_add(text, DIFFERENCES, "belongs to uid %u, and this is uid %u", link->owner,
                  geteuid());
    } else if (!link->persist) {
        error_add(text, DIFFERENCES, "is not persistent: it goes with the process that holds it");
    }
}

/* 0, or a negative errno: the bridge that is wanted could not be looked up. */
static int is_on_wanted_bridge(const struct interface *wanted,
                               const struct link *link,
                               bool *is_on_it) {
    struct link bridge;
    int error;

    if (!wanted->bridge[0]) {
        *is_on_it = !link->master;
        return 0;
    }
    error = links_by_name(wanted->bridge, &bridge);
    *is_on_it = !error && bridge.ifindex == link->master;
    return error_is_lack(error) ? error : 0;
}

static int compare_bridge(const struct interface *wanted, const struct link *link, char *text) {
    char is_on[WIRE_NAME + sizeof("bridge ")] = "no bridge";
    char not_on[WIRE_NAME + sizeof("bridge ")] = "none";
    struct link bridge;
    bool is_on_it;
    int error = is_on_wanted_bridge(wanted, link, &is_on_it);

    if (error || is_on_it) {
        return error;
    }
    if (link->master) {
        error = links_by_index(link->master, &bridge);
        if (error_is_lack(error)) {
            return error;
        }
        /* it may be gone by now */
        snprintf(is_on, sizeof(is_on), "bridge %s", error ? "another" : bridge.name);
    }
    if (wanted->bridge[0]) {
        snprintf(not_on, sizeof(not_on), "bridge %s", wanted->bridge);
    }
    error_add(text, DIFFERENCES, "is on %s, not on %s", is_on, not_on);
    return 0;
}

/* LOCKED is the address that the bridge locks the port to; zeros: the guest may use any. */
static void compare_macs(const struct interface *wanted,
                         const struct link *link,
                         const uint8_t locked[6],
                         char *text) {
    const uint8_t *guest = wanted->guest_mac;
    char has_text[WIRE_MAC_TEXT];
    char wants_text[WIRE_MAC_TEXT];
    uint8_t host[6];

    if (!wire_mac_absent(locked) && !wire_mac_absent(guest) && memcmp(locked, guest, 6)) {
        error_add(text, DIFFERENCES, "is locked to the guest-mac %s, not %s",
                  wire_mac_text(locked, has_text), wire_mac_text(guest, wants_text));
    }
    wire_mac_for_tap(guest, wanted->host_mac, host);
    if (!wire_mac_absent(host) && memcmp(host, link->mac, 6)) {
        error_add(text, DIFFERENCES, "has the host-mac %s, not %s",
                  wire_mac_text(link->mac, has_text), wire_mac_text(host, wants_text));
    }
}

static void compare_settings(const struct interface *wanted, const struct link *link, char *text) {
    if (wanted->mtu && wanted->mtu != link->mtu) {
        error_add(text, DIFFERENCES, "has the MTU %u, not %u", link->mtu, wanted->mtu);
    }
    if (link->multi_queue != (wanted->queues > 1)) {
        error_add(text, DIFFERENCES, "has %s, and %u are asked for",
                  link->multi_queue ? "several queues" : "one queue", wanted->queues);
    }
    if (link->link_type != ARPHRD_ETHER && link->up) {
        error_add(text, DIFFERENCES, "has the link type %u, not Ethernet's, and is up",
                  link->link_type);
    }
    if (wanted->given[INTERFACE_KEY_PERSIST] && !wanted->persist) {
        error_add(text, DIFFERENCES, "is persistent, and persist=no is asked for");
    }
}

/* TEXT: what differs from what is wanted; "": nothing.  A negative errno: a lookup failed. */
static int compare(const struct interface *wanted,
                   const struct link *link,
                   uint8_t locked[6],
                   char text[DIFFERENCES]) {
    int error;

    text[0] = 0;
    compare_device(wanted, link, text);
    if (text[0]) {
        return 0;
    }
    error = links_locked_mac(link, locked);
    if (error_is_lack(error)) {
        return error;
    }
    error = compare_bridge(wanted, link, text);
    if (error) {
        return error;
    }
    compare_macs(wanted, link, locked, text);
    compare_settings(wanted, link, text);
    return 0;
}

static int check(const struct interface *wanted,
                 const struct link *link,
                 const char *object,
                 uint8_t locked[6],
                 struct tapgrant_error *failure) {
    char differences[DIFFERENCES];
    int error = compare(wanted, link, locked, differences);

    if (error) {
        return explain_lookup(object, error, failure);
    }
    if (!differences[0]) {
        return TAPGRANT_OK;
    }
    error_set(failure, TAPGRANT_DEVICE, object, "exists already, and %s", differences);
    error_hint(failure, "add managed=no to use it as it is, or tapgrant delete %s", wanted->dev);
    return TAPGRANT_DEVICE;
}

int existing_open(const struct interface *wanted,
                  struct tapgrant_device *device,
                  struct tapgrant_error *failure) {
    char object[ERROR_OBJECT];
    uint8_t locked[6] = {0};
    struct link link;
    int error = wanted->dev[0] ? links_by_name(wanted->dev, &link) : -ENODEV;
    int code;

    error_object(wanted, object);
    if (error_is_lack(error)) {
        return explain_lookup(object, error, failure);
    }
    /* if the name is wrong in another way, the helper says so */
    if (error) {
        return TAPGRANT_OK;
    }
    code = check(wanted, &link, object, locked, failure);
    if (code) {
        return code;
    }
    code = tap_open(wanted, &link, object, device, failure);
    if (code) {
        return code;
    }
    code = tap_reset(device, &link, object, failure);
    if (code) {
        return code;
    }
    if (!wire_mac_absent(locked)) {
        memcpy(device->guest_mac, locked, sizeof(device->guest_mac));
    }
    device->managed = true;
    device->existed = true;
    return TAPGRANT_OK;
}
