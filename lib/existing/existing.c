// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A managed interface whose device is there already.  libvirt uses it; so do we, but only one's own, and only if it is what is
 * asked: whoever asks for a bridge must not silently get another one.  The policy granted it when it was made.
 */
#include "lib/error.h"
#include "lib/roads.h"

#include <errno.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Is it a tap of the caller's own, made to stay?  Of one that is not nothing else is of interest. */
static void compare_device(const struct interface *asked, const struct link *link, char *text, size_t size) {
    bool ours = link->uid == getuid() || (link->uid == LINKS_NOBODY && !strncmp(link->alias, "tapgrant declared=", 18));

    if (strcmp(link->name, asked->dev))
        error_add(text, size, "is an alternative name of %s", link->name);
    else if (strcmp(link->kind, "tun") || !link->is_tap)
        error_add(text, size, "is no tap but of kind %s", link->kind[0] ? link->kind : "hardware");
    else if (!ours && link->uid == LINKS_NOBODY)
        error_add(text, size, "was not made by tapgrant for a user");
    else if (!ours)
        error_add(text, size, "was granted to uid %u, and this is uid %u", link->uid, getuid());
    else if (link->owner != geteuid() && link->owner == LINKS_NOBODY)
        error_add(text, size, "has no owner");
    else if (link->owner != geteuid())
        error_add(text, size, "belongs to uid %u, and this is uid %u", link->owner, geteuid());
    else if (!link->persist)
        error_add(text, size, "is not persistent: it goes with the process that holds it");
}

/* A negative errno: it could not be looked up. */
static int compare_bridge(const struct interface *asked, const struct link *link, char *text,
                          size_t size) {
    struct link wanted;
    struct link is = {.name = "another"};
    int failed = 0;

    if (!asked->bridge[0] && !link->master) {
        return 0;
    }
    if (asked->bridge[0]) {
        failed = links_by_name(asked->bridge, &wanted);
    }
    if (failed && error_is_lack(failed)) {
        return failed;
    }
    if (asked->bridge[0] && !failed && wanted.ifindex == link->master) {
        return 0;
    }
    if (link->master) {
        failed = links_by_index(link->master, &is);
    }
    if (failed && error_is_lack(failed)) {
        return failed;
    }
    if (link->master && failed) {
        snprintf(is.name, sizeof(is.name), "another"); /* it is gone meanwhile */
    }
    error_add(text, size, "is on %s%s, not on %s%s", link->master ? "bridge " : "no bridge", link->master ? is.name : "",
              asked->bridge[0] ? "bridge " : "none", asked->bridge);
    return 0;
}

/* The address that it has if it was asked for as now, tapgrant-interfaces(5): zeros if that says nothing. */
static void expect_mac(const struct interface *asked, uint8_t mac[6]) {
    memcpy(mac, asked->host_mac, 6);
    if (!wire_mac_absent(mac) || wire_mac_absent(asked->guest_mac)) return;
    memcpy(mac, asked->guest_mac, 6);
    mac[0] = mac[0] == 0xfe ? 0xfa : 0xfe;
}

/* LOCKED: the address that the guest has to use, zeros where it may use any. */
static void compare_settings(const struct interface *asked, const struct link *link, const uint8_t locked[6], char *text,
                             size_t size) {
    char is[WIRE_MAC_TEXT], wanted[WIRE_MAC_TEXT];
    uint8_t mac[6];

    if (!wire_mac_absent(locked) && !wire_mac_absent(asked->guest_mac) && memcmp(locked, asked->guest_mac, 6))
        error_add(text, size, "is locked to the guest-mac %s, not %s", wire_mac_text(locked, is),
                  wire_mac_text(asked->guest_mac, wanted));
    expect_mac(asked, mac);
    if (!wire_mac_absent(mac) && memcmp(mac, link->mac, 6))
        error_add(text, size, "has the host-mac %s, not %s", wire_mac_text(link->mac, is), wire_mac_text(mac, wanted));
    if (asked->mtu && asked->mtu != link->mtu) error_add(text, size, "has the MTU %u, not %u", link->mtu, asked->mtu);
    if (link->multi_queue != (asked->queues > 1))
        error_add(text, size, "has %s, and %u are asked for", link->multi_queue ? "several queues" : "one queue", asked->queues);
    if (link->link_type != ARPHRD_ETHER && link->up) {
        error_add(text, size, "has the link type %u, not Ethernet's, and is up", link->link_type);
    }
    if (asked->given[INTERFACE_KEY_PERSIST] && !asked->persist)
        error_add(text, size, "is persistent, and persist=no is asked for");
}

/* TEXT: what differs from what is asked.  A negative errno: something could not be looked up. */
static int compare(const struct interface *asked, const struct link *link, uint8_t locked[6],
                   char *text, size_t size) {
    int failed;

    compare_device(asked, link, text, size);
    if (text[0]) {
        return 0;
    }
    failed = links_locked_mac(link, locked);
    if (failed && error_is_lack(failed)) {
        return failed;
    }
    failed = compare_bridge(asked, link, text, size);
    if (!failed) {
        compare_settings(asked, link, locked, text, size);
    }
    return failed;
}

int existing_open(const struct interface *asked, struct tapgrant_device *device, struct tapgrant_error *error) {
    char object[INTERFACE_DEV + 16], differs[500] = "";
    uint8_t locked[6] = {0};
    struct link link;
    int failed = asked->dev[0] ? links_by_name(asked->dev, &link) : -ENODEV;
    int code;

    error_object(asked, object);
    if (failed && error_is_lack(failed)) {
        return explain_lookup(object, failed, error);
    }
    /* of what else is wrong with the name the helper says what there is to say */
    if (failed) {
        return TAPGRANT_OK;
    }
    failed = compare(asked, &link, locked, differs, sizeof(differs));
    if (failed) {
        return explain_lookup(object, failed, error);
    }
    if (differs[0]) {
        error_set(error, TAPGRANT_DEVICE, object, "exists already, and %s", differs);
        error_hint(error, "add managed=no to use it as it is, or tapgrant delete %s", asked->dev);
        return TAPGRANT_DEVICE;
    }
    code = tap_open(asked, &link, device, object, error);
    if (!code) {
        code = tap_reset(device, &link, object, error);
    }
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
