// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One interface that exists: could the user open it, and would traffic flow?
 */
#include "cli/doctor/checks.h"
#include "cli/shared/kept.h"

#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void check_persistence(struct findings *findings, const struct tap *tap) {
    findings_good(findings, "exists", tap->object, "a tap, %s",
                  tapgrant_persist(tap->device) ? "persistent" : "gone with its last descriptor");
}

static void check_owner(struct findings *findings, const struct tap *tap) {
    uid_t owner = tapgrant_owner(tap->device);
    gid_t group = tapgrant_group(tap->device);
    char hint[300];

    snprintf(hint, sizeof(hint),
             "ip tuntap del dev %s mode tap; ip tuntap add dev %s mode tap user %u", tap->name,
             tap->name, getuid());
    if (owner == getuid()) {
        findings_good(findings, "owner", tap->object, "yours");
    } else if (owner != (uid_t)-1) {
        findings_bad(findings, "owner", tap->object, hint, "belongs to uid %u, and you are uid %u",
                     owner, getuid());
    } else if (group != (gid_t)-1) {
        findings_good(findings, "owner", tap->object, "group %u's", group);
    } else {
        findings_bad(findings, "owner", tap->object, hint,
                     "has no owner: any user of this host may open it while it is free");
    }
}

static void check_holder(struct findings *findings, const struct tap *tap) {
    const char *then = "it takes one";
    char hint[64];

    if (tapgrant_multi_queue(tap->device)) {
        then = "another would share its traffic";
    }
    if (tap->holder == HOLDER_NONE) {
        findings_good(findings, "held", tap->object, "nobody's that you may see holds it");
    } else if (tap->holder == HOLDER_UNSEEN) {
        snprintf(hint, sizeof(hint), "tapgrant doctor %s, as root, names it", tap->name);
        findings_bad(findings, "held", tap->object, hint,
                     "a process that you may not see holds it, and %s", then);
    } else {
        snprintf(hint, sizeof(hint), "kill %d", (int)tap->holder);
        findings_bad(findings, "held", tap->object, hint, "process %d holds it, and %s",
                     (int)tap->holder, then);
    }
}

static void check_up(struct findings *findings, const struct tap *tap) {
    char hint[64];

    if (tapgrant_up(tap->device)) {
        findings_good(findings, "up", tap->object, "up");
        return;
    }
    snprintf(hint, sizeof(hint), "ip link set %s up", tap->name);
    findings_bad(findings, "up", tap->object, hint, "down: no traffic flows");
}

static void check_bridge(struct findings *findings, const struct tap *tap) {
    const char *bridge = tapgrant_bridge(tap->device);
    unsigned mtu = tapgrant_mtu(tap->device);

    if (bridge) {
        findings_good(findings, "bridge", tap->object, "on bridge %s; MTU %u", bridge, mtu);
    } else {
        findings_good(findings, "bridge", tap->object, "on no bridge; MTU %u", mtu);
    }
}

static void check_queues(struct findings *findings, const struct tap *tap) {
    if (tapgrant_multi_queue(tap->device)) {
        findings_good(findings, "queues", tap->object,
                      "multi-queue, %u attached; open it with multi-queue set",
                      tapgrant_queues(tap->device));
    } else {
        findings_good(findings, "queues", tap->object, "one queue");
    }
}

/* The user's own that tapgrant made? */
static bool is_own(const struct tapgrant_device *device) {
    bool is_tapgrants = tapgrant_rule(device) || tapgrant_label(device);

    return is_tapgrants && tapgrant_uid(device) == getuid() && tapgrant_owner(device) == getuid();
}

/* Opened as a managed interface, it gets a new tap's settings. */
static const char *command_to_reset(const struct tap *tap, char *text, size_t size) {
    const char *bridge = tapgrant_bridge(tap->device);

    snprintf(text, size, "tapgrant create --net dev=%s%s%s%s", tap->name, bridge ? ",bridge=" : "",
             bridge ? bridge : "", tapgrant_multi_queue(tap->device) ? ",queues=2" : "");
    return text;
}

static void check_offloads(struct findings *findings,
                           const struct tap *tap,
                           const struct kept *kept) {
    char hint[200];

    if (!kept->checksums) {
        findings_good(findings, "offloads", tap->object, "none: packets come whole");
        return;
    }
    if (tap->holder != HOLDER_NONE) {
        findings_good(findings, "offloads", tap->object, "on, as its holder asked");
        return;
    }
    if (is_own(tap->device)) {
        command_to_reset(tap, hint, sizeof(hint));
    } else {
        snprintf(hint, sizeof(hint), "ethtool -K %s tx off", tap->name);
    }
    findings_warn(findings, "offloads", tap->object, hint,
                  "an earlier program's are on: without a virtio header, packets come without "
                  "checksums%s",
                  kept->segments ? ", and larger than the MTU" : "");
}

static void check_type(struct findings *findings, const struct tap *tap, unsigned type) {
    char hint[300] = "its holder changes it, while it is down: TUNSETLINK";
    char command[150];

    if (type == ARPHRD_ETHER) {
        return;
    }
    if (is_own(tap->device)) {
        snprintf(hint, sizeof(hint),
                 "as root ip link set %s down; then %s; then as root ip link set %s up", tap->name,
                 command_to_reset(tap, command, sizeof(command)), tap->name);
    }
    findings_bad(findings, "type", tap->object, hint, "its link type is %u, not Ethernet's", type);
}

/* What an earlier holder set, as far as it can be seen. */
static void check_kept(struct findings *findings, const struct tap *tap) {
    struct kept kept;
    int error = kept_read(tap->name, &kept);

    if (error) {
        findings_bad(findings, "offloads", tap->object, "try again", "cannot be looked up: %s",
                     strerror(-error));
        return;
    }
    check_offloads(findings, tap, &kept);
    check_type(findings, tap, kept.link_type);
}

/* A new check of a tap gets its row here. */
static void (*const checks[])(struct findings *findings, const struct tap *tap) = {
    check_persistence, check_owner,  check_holder, check_up,      check_bridge,
    check_port,        check_queues, check_kept,   check_opening,
};

static void check_tap(struct findings *findings,
                      const struct tapgrant_device *device,
                      const struct opener *opener) {
    struct tap tap = {.device = device, .name = tapgrant_name(device), .opener = *opener};

    snprintf(tap.object, sizeof(tap.object), "interface %s", tap.name);
    tap.holder = holder_find(device);
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        checks[i](findings, &tap);
    }
}

/*
 * The index and the kernel's name of a link that is no tap; 0: there is none.  The error of
 * tapgrant_find() has the name for an alternative one that is longer than if_nametoindex(3) takes.
 */
static unsigned find_other_link(const char *dev,
                                const struct tapgrant_error *error,
                                char name[IF_NAMESIZE]) {
    unsigned index = if_nametoindex(dev);

    if (!index && !strncmp(error->object, "interface ", strlen("interface "))) {
        index = if_nametoindex(error->object + strlen("interface "));
    }
    if (!index || !if_indextoname(index, name)) {
        return 0;
    }
    return index;
}

/* ERROR is tapgrant_find()'s. */
static void check_other(struct findings *findings,
                        const char *dev,
                        const struct tapgrant_error *error,
                        const struct opener *opener) {
    char name[IF_NAMESIZE];
    unsigned index = find_other_link(dev, error, name);
    bool is_missing = error->code == TAPGRANT_DEVICE && !index;
    char hint[200];

    if (error->code == TAPGRANT_DEVICE && index && macvtap_is(name, index)) {
        check_macvtap(findings, name, index, opener);
        return;
    }
    snprintf(hint, sizeof(hint), "ip tuntap add dev %s mode tap user %u", is_missing ? dev : "NAME",
             getuid());
    findings_bad(findings, "exists", error->object, hint, "%s", error->reason);
}

void check_device(struct findings *findings, const char *dev, const struct opener *opener) {
    struct tapgrant_device *device;
    struct tapgrant_error error;

    if (tapgrant_find(dev, &device, &error)) {
        check_other(findings, dev, &error, opener);
        return;
    }
    check_tap(findings, device, opener);
    tapgrant_close(device);
}
