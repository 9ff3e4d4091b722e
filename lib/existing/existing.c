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
#include <time.h>
#include <unistd.h>

/* What differs from what is wanted, as pieces of one sentence. */
#define DIFFERENCES 500

/* How long a tap that another process is making is waited for: 12 times 20 ms. */
#define TRIES 12
#define PAUSE (20 * 1000 * 1000) /* nanoseconds */

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

/* Has the link the tag of a tap for this process's user, and is it the user's own by now? */
static bool is_own(const struct link *link) {
    return link->is_tap && link->uid == getuid() && link->owner == geteuid();
}

/*
 * Another process may be at work on it: the helper makes a tap, gives it a slot, and its user owns
 * it in the end; then the library makes it persistent.
 */
static bool is_being_made(const struct link *link) {
    bool has_owner = link->owner && link->owner != LINKS_NOBODY;

    return link->is_tap && !link->persist && !is_declared(link) && (!has_owner || is_own(link));
}

static void hint_existing(const struct interface *wanted,
                          const struct link *link,
                          struct tapgrant_error *failure) {
    bool is_tap = link->is_tap && !strcmp(link->name, wanted->dev);

    if (is_tap && is_own(link) && link->persist) {
        error_hint(failure, "add managed=no to use it as it is, or tapgrant delete %s",
                   wanted->dev);
    } else if (is_tap && is_own(link)) {
        error_hint(failure, "ask for another dev=, or end what holds it: tapgrant list %s",
                   wanted->dev);
    } else if (is_tap && link->owner == geteuid()) {
        error_hint(failure, "add managed=no to use it as it is, or ask for another dev=");
    } else {
        error_hint(failure, "ask for another dev=: this name is not this user's");
    }
}

/* *MAY_PASS: what is wrong can be another one a moment later. */
static int check(const struct interface *wanted,
                 const struct link *link,
                 const char *object,
                 uint8_t locked[6],
                 bool *may_pass,
                 struct tapgrant_error *failure) {
    char differences[DIFFERENCES];
    int error = compare(wanted, link, locked, differences);

    if (error) {
        return explain_lookup(object, error, failure);
    }
    if (!differences[0]) {
        return TAPGRANT_OK;
    }
    *may_pass = is_being_made(link);
    if (*may_pass && link->uid != LINKS_NOBODY && !is_own(link)) {
        error_set(failure, TAPGRANT_DEVICE, object, "is being made for uid %u", link->uid);
        error_hint(failure, link->uid == getuid() ? "try again" : "ask for another dev=");
    } else {
        error_set(failure, TAPGRANT_DEVICE, object, "exists already, and %s", differences);
        hint_existing(wanted, link, failure);
    }
    error_reason_code(failure, "name_taken");
    return TAPGRANT_DEVICE;
}

/* Of the link that has the name. */
static int open_link(const struct interface *wanted,
                     const struct link *link,
                     struct tapgrant_device *device,
                     bool *may_pass,
                     struct tapgrant_error *failure) {
    char object[ERROR_OBJECT];
    uint8_t locked[6] = {0};
    int code = check(wanted, link, error_object(wanted, object), locked, may_pass, failure);

    if (code) {
        return code;
    }
    code = tap_open(wanted, link, object, device, failure);
    if (code) {
        /* who has just made it holds it until it has said so */
        *may_pass = !strcmp(failure->reason_code, "in_use");
        return code;
    }
    code = tap_reset(device, link, object, failure);
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

static int try_open(const struct interface *wanted,
                    struct tapgrant_device *device,
                    bool *may_pass,
                    struct tapgrant_error *failure) {
    char object[ERROR_OBJECT];
    struct link link;
    int error = wanted->dev[0] ? links_by_name(wanted->dev, &link) : -ENODEV;

    *may_pass = false;
    if (error_is_lack(error)) {
        return explain_lookup(error_object(wanted, object), error, failure);
    }
    /* if the name is wrong in another way, the helper says so */
    if (error) {
        return TAPGRANT_OK;
    }
    return open_link(wanted, &link, device, may_pass, failure);
}

static void close_queues(struct tapgrant_device *device) {
    for (unsigned i = 0; i < device->queues; i++) {
        close(device->fd[i]);
        device->fd[i] = -1;
    }
    device->queues = 0;
}

int existing_open(const struct interface *wanted,
                  struct tapgrant_device *device,
                  struct tapgrant_error *failure) {
    const struct timespec pause = {.tv_nsec = PAUSE};
    struct tapgrant_error reason = {.code = TAPGRANT_OK};
    bool may_pass;
    int code = try_open(wanted, device, &may_pass, &reason);

    for (int i = 0; may_pass && i < TRIES; i++) {
        close_queues(device);
        nanosleep(&pause, NULL);
        code = try_open(wanted, device, &may_pass, &reason);
    }
    if (code && failure) {
        *failure = reason;
    }
    return code;
}
