// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One interface that is there already: could who asks open it, and would traffic flow?
 */
#include "cli/doctor/checks.h"
#include "cli/kept.h"

#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void check_owner(struct findings *findings, const struct tapgrant_device *device, const char *object) {
    const char *name = tapgrant_name(device);
    char hint[300];

    snprintf(hint, sizeof(hint), "ip tuntap del dev %s mode tap; ip tuntap add dev %s mode tap user %u", name, name, getuid());
    if (tapgrant_owner(device) == getuid())
        findings_good(findings, "owner", object, "yours");
    else if (tapgrant_owner(device) == (uid_t)-1 && tapgrant_group(device) == (gid_t)-1)
        findings_bad(findings, "owner", object, hint, "has no owner: any user of this host may open it while it is free");
    else if (tapgrant_owner(device) == (uid_t)-1)
        findings_good(findings, "owner", object, "group %u's", tapgrant_group(device));
    else
        findings_bad(findings, "owner", object, hint, "belongs to uid %u, and you are uid %u", tapgrant_owner(device), getuid());
}

/* Where no process is to be seen, a multi-queue one tells how many have it; another one has a carrier while it is held. */
pid_t checks_holder(const struct tapgrant_device *device) {
    char path[80], carrier = '0';
    pid_t holder;
    FILE *file;

    if (tapgrant_holders(device, &holder, 1)) return holder;
    if (tapgrant_multi_queue(device)) return tapgrant_queues(device) ? 0 : -1;
    snprintf(path, sizeof(path), "/sys/class/net/%s/carrier", tapgrant_name(device));
    file = fopen(path, "re");
    if (file && fread(&carrier, 1, 1, file) != 1) carrier = '0'; /* it is down, and says nothing */
    if (file) fclose(file);
    return carrier == '1' ? 0 : -1;
}

static void check_holders(struct findings *findings, const struct tapgrant_device *device, const char *object) {
    const char *then = tapgrant_multi_queue(device) ? "another would share its traffic" : "it takes one";
    pid_t holder = checks_holder(device);
    char hint[64];

    if (holder < 0) {
        findings_good(findings, "held", object, "nobody's that you may see holds it");
    } else if (holder) {
        snprintf(hint, sizeof(hint), "kill %d", (int)holder);
        findings_bad(findings, "held", object, hint, "process %d holds it, and %s", (int)holder, then);
    } else {
        snprintf(hint, sizeof(hint), "tapgrant doctor %s, as root, names it", tapgrant_name(device));
        findings_bad(findings, "held", object, hint, "a process that you may not see holds it, and %s", then);
    }
}

/* The user's own that tapgrant made? */
static bool is_own(const struct tapgrant_device *device) {
    bool is_tapgrants = tapgrant_rule(device) || tapgrant_label(device);

    return is_tapgrants && tapgrant_uid(device) == getuid() && tapgrant_owner(device) == getuid();
}

/* Opened as a managed interface, it gets a new tap's settings. */
static const char *command_to_reset(const struct tapgrant_device *device, char *text, size_t size) {
    const char *bridge = tapgrant_bridge(device);

    snprintf(text, size, "tapgrant create --net dev=%s%s%s%s", tapgrant_name(device),
             bridge ? ",bridge=" : "", bridge ? bridge : "",
             tapgrant_multi_queue(device) ? ",queues=2" : "");
    return text;
}

static void check_offloads(struct findings *findings, const struct tapgrant_device *device,
                           const char *object, const struct kept *kept, bool is_held) {
    char hint[200];

    if (!kept->checksums) {
        findings_good(findings, "offloads", object, "none: packets come whole");
        return;
    }
    if (is_held) {
        findings_good(findings, "offloads", object, "on, as its holder asked");
        return;
    }
    if (is_own(device)) {
        command_to_reset(device, hint, sizeof(hint));
    } else {
        snprintf(hint, sizeof(hint), "ethtool -K %s tx off", tapgrant_name(device));
    }
    findings_warn(findings, "offloads", object, hint, "an earlier program's are on: without a "
                  "virtio header, packets come without checksums%s",
                  kept->segments ? ", and larger than the MTU" : "");
}

static void check_type(struct findings *findings, const struct tapgrant_device *device,
                       const char *object, unsigned type) {
    const char *name = tapgrant_name(device);
    char hint[300];
    char command[150];

    if (type == ARPHRD_ETHER) {
        return;
    }
    if (is_own(device)) {
        snprintf(hint, sizeof(hint),
                 "as root ip link set %s down; then %s; then as root ip link set %s up", name,
                 command_to_reset(device, command, sizeof(command)), name);
    } else {
        snprintf(hint, sizeof(hint), "its holder changes it, while it is down: TUNSETLINK");
    }
    findings_bad(findings, "type", object, hint, "its link type is %u, not Ethernet's", type);
}

/* What an earlier holder set, as far as it can be seen. */
static void check_kept(struct findings *findings, const struct tapgrant_device *device,
                       const char *object) {
    struct kept kept;
    int failed = kept_read(tapgrant_name(device), &kept);

    if (failed) {
        findings_bad(findings, "offloads", object, "try again", "cannot be looked up: %s",
                     strerror(-failed));
        return;
    }
    check_offloads(findings, device, object, &kept, checks_holder(device) >= 0);
    check_type(findings, device, object, kept.link_type);
}

/* No tap, but opened as one: by its node. */
static void check_macvtap(struct findings *findings, const char *name, const struct program *program, unsigned queues) {
    unsigned index = if_nametoindex(name);
    struct macvtap macvtap = {0};

    snprintf(macvtap.name, sizeof(macvtap.name), "%.15s", name);
    snprintf(macvtap.object, sizeof(macvtap.object), "interface %s", macvtap.name);
    snprintf(macvtap.node, sizeof(macvtap.node), "/dev/tap%u", index);
    findings_good(findings, "exists", macvtap.object, "a macvtap, opened by its node %s", macvtap.node);
    macvtap.errnum = access(macvtap.node, R_OK | W_OK) ? errno : 0;
    if (macvtap.errnum == ENOENT) {
        snprintf(macvtap.hint, sizeof(macvtap.hint), "mknod %s c $(tr : ' ' </sys/class/net/%s/tap%u/dev); chown %u %s",
                 macvtap.node, macvtap.name, index, getuid(), macvtap.node);
        findings_bad(findings, "owner", macvtap.object, macvtap.hint, "its node does not exist");
    } else if (macvtap.errnum) {
        snprintf(macvtap.hint, sizeof(macvtap.hint), "chown %u %s", getuid(), macvtap.node);
        findings_bad(findings, "owner", macvtap.object, macvtap.hint, "you may not open its node");
    } else {
        findings_good(findings, "owner", macvtap.object, "you may open its node");
    }
    if (program) checks_program_on_macvtap(findings, program, &macvtap, queues);
}

void checks_device(struct findings *findings, const char *dev, const struct program *program, unsigned queues) {
    struct tapgrant_device *device;
    struct tapgrant_error error;
    char object[160], hint[200];

    if (tapgrant_find(dev, &device, &error)) {
        if (strstr(error.reason, "of kind macvtap")) {
            check_macvtap(findings, error.object + strlen("interface "), program, queues);
            return;
        }
        snprintf(hint, sizeof(hint), "ip tuntap add dev %s mode tap user %u", strstr(error.reason, "exist") ? dev : "NAME",
                 getuid());
        findings_bad(findings, "exists", error.object, hint, "%s", error.reason);
        return;
    }
    snprintf(object, sizeof(object), "interface %s", tapgrant_name(device));
    findings_good(findings, "exists", object, "a tap, %s",
                  tapgrant_persist(device) ? "persistent" : "gone with its last descriptor");
    check_owner(findings, device, object);
    check_holders(findings, device, object);
    snprintf(hint, sizeof(hint), "ip link set %s up", tapgrant_name(device));
    if (tapgrant_up(device))
        findings_good(findings, "up", object, "up");
    else
        findings_bad(findings, "up", object, hint, "down: no traffic flows");
    findings_good(findings, "bridge", object, "on %s%s; MTU %u", tapgrant_bridge(device) ? "bridge " : "no bridge",
                  tapgrant_bridge(device) ? tapgrant_bridge(device) : "", tapgrant_mtu(device));
    checks_port(findings, device, object);
    if (tapgrant_multi_queue(device))
        findings_good(findings, "queues", object, "multi-queue, %u attached; open it with multi-queue set",
                      tapgrant_queues(device));
    else
        findings_good(findings, "queues", object, "one queue");
    check_kept(findings, device, object);
    if (program) checks_program(findings, program, device, queues);
    tapgrant_close(device);
}
