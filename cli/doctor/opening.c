// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What one program will get from the kernel when it opens a device by its name, and which of its options to use.  How each
 * opens it was read in its source: QEMU 7.2 (net/tap-linux.c), libvirt 11.3 (util/virnetdevtap.c), firecracker
 * (devices/virtio/net/tap.rs), cloud-hypervisor (net_util/src/{tap,open_tap}.rs), crosvm (net_util/src/sys/linux/tap.rs).  All
 * use IFF_TAP | IFF_NO_PI; what differs is IFF_MULTI_QUEUE, which has to be the device's own, and what they do afterwards.
 * The kernel's order is drivers/net/tun.c, tun_set_iff(): kind and queues before the owner, the owner before who holds it.
 */
#include "cli/doctor/checks.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GROUPS_MAX 65536

static const struct program {
    const char *name;
    unsigned queues;     /* at most, by name and without privilege */
    const char *why_one; /* where that is one */
} programs[] = {
    {"qemu", CHECKS_QUEUES, NULL},
    {"libvirt", CHECKS_QUEUES, NULL},
    {"firecracker", 1, "it has one queue for each direction"},
    {"cloud-hypervisor", CHECKS_QUEUES, NULL},
    {"crosvm", 1, "for each further one it sets the device up again, to which the kernel says EPERM"},
};

const struct program *checks_find_program(const char *name) {
    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
        if (!strcmp(programs[i].name, name)) return &programs[i];
    return NULL;
}

static void tell_options(struct findings *findings, const struct program *program, const char *object, const char *dev,
                         unsigned queues) {
    char several[80] = "";

    if (!strcmp(program->name, "qemu")) {
        if (queues > 1) snprintf(several, sizeof(several), ",queues=%u", queues);
        findings_good(findings, "options", object, "-netdev tap,id=n0,ifname=%s,script=no,downscript=no%s -device "
                      "virtio-net-pci,netdev=n0%s", dev, several, queues > 1 ? ",mq=on" : "");
    } else if (!strcmp(program->name, "libvirt")) {
        if (queues > 1) snprintf(several, sizeof(several), "<driver queues='%u'/>", queues);
        findings_good(findings, "options", object, "<interface type='ethernet'><target dev='%s' managed='no'/><model "
                      "type='virtio'/>%s</interface>", dev, several);
        findings_warn(findings, "managed", object, "write managed='no'",
                      "without managed='no' libvirt refuses an existing tap of one's own, and deletes it");
    } else if (!strcmp(program->name, "firecracker")) {
        findings_good(findings, "options", object, "\"network-interfaces\": [{\"iface_id\": \"eth0\", \"host_dev_name\": "
                      "\"%s\"}]; with the jailer its --uid owns the tap", dev);
    } else if (!strcmp(program->name, "cloud-hypervisor")) {
        if (queues > 1) snprintf(several, sizeof(several), ",num_queues=%u", queues * 2);
        findings_good(findings, "options", object, "--net tap=%s%s, with mac= for the guest's address, and without ip, mask, "
                      "host_mac and mtu, which it would set itself", dev, several);
    } else {
        findings_good(findings, "options", object, "--net tap-name=%s", dev);
    }
}

static bool in_group(gid_t group) {
    static gid_t groups[GROUPS_MAX];
    int count = getgroups(GROUPS_MAX, groups);

    for (int i = 0; i < count; i++)
        if (groups[i] == group) return true;
    return group == getegid();
}

/* The command that makes the device anew, with as many queues as are to be. */
static void hint_anew(const struct tapgrant_device *device, bool several, char *hint, size_t size) {
    const char *name = tapgrant_name(device), *bridge = tapgrant_bridge(device);

    if (tapgrant_rule(device) && tapgrant_uid(device) == getuid())
        snprintf(hint, size, "tapgrant delete %s; tapgrant create --net dev=%s%s%s,queues=%s", name, name,
                 bridge ? ",bridge=" : "", bridge ? bridge : "", several ? "N" : "1");
    else
        snprintf(hint, size, "ip link del %s; ip tuntap add dev %s mode tap user %u%s; ip link set %s%s%s up", name, name,
                 getuid(), several ? " multi_queue" : "", name, bridge ? " master " : "", bridge ? bridge : "");
}

/* EINVAL, the most common of all answers: the flag is not the device's. */
static bool check_queues(struct findings *findings, const struct program *program, const struct tapgrant_device *device,
                         const char *object, unsigned queues) {
    char hint[300];
    bool multi = tapgrant_multi_queue(device);

    if (queues > program->queues) {
        findings_bad(findings, "open", object, "use one queue: leave --queues out", "%s cannot use %u queues: %s", program->name,
                     queues, program->why_one);
        return false;
    }
    if (multi == (queues > 1)) return true;
    hint_anew(device, !multi, hint, sizeof(hint));
    if (multi && program->queues > 1) {
        findings_bad(findings, "open", object, hint, "%s gets EINVAL (Invalid argument): the tap is a multi-queue one, and with "
                     "one queue %s opens it without IFF_MULTI_QUEUE. Give it several, or make the tap with one", program->name,
                     program->name);
    } else if (multi) {
        findings_bad(findings, "open", object, hint, "%s gets EINVAL (Invalid argument): the tap is a multi-queue one, and %s "
                     "never sets IFF_MULTI_QUEUE: %s", program->name, program->name, program->why_one);
    } else {
        findings_bad(findings, "open", object, hint, "%s gets EINVAL (Invalid argument): for %u queues it sets IFF_MULTI_QUEUE, "
                     "and the tap has one queue", program->name, queues);
    }
    return false;
}

static bool check_rights(struct findings *findings, const struct program *program, const struct tapgrant_device *device,
                         const char *object) {
    uid_t owner = tapgrant_owner(device);
    gid_t group = tapgrant_group(device);
    char hint[300];

    if ((owner == (uid_t)-1 || owner == geteuid()) && (group == (gid_t)-1 || in_group(group))) return true;
    hint_anew(device, tapgrant_multi_queue(device), hint, sizeof(hint));
    if (owner != (uid_t)-1 && owner != geteuid())
        findings_bad(findings, "open", object, hint, "%s gets EPERM (Operation not permitted): it belongs to uid %u, and you are "
                     "uid %u", program->name, owner, geteuid());
    else
        findings_bad(findings, "open", object, hint, "%s gets EPERM (Operation not permitted): it belongs to group %u, and you "
                     "are not in it", program->name, group);
    return false;
}

void checks_program(struct findings *findings, const struct program *program, const struct tapgrant_device *device,
                    unsigned queues) {
    bool multi = device && tapgrant_multi_queue(device), good;
    char object[160] = "any interface", hint[300];
    pid_t holder;

    if (!device) {
        tell_options(findings, program, object, "NAME", queues);
        return;
    }
    snprintf(object, sizeof(object), "interface %s", tapgrant_name(device));
    good = check_queues(findings, program, device, object, queues) && check_rights(findings, program, device, object);
    holder = good && !multi ? checks_holder(device) : -1;
    if (holder > 0) {
        snprintf(hint, sizeof(hint), "kill %d", (int)holder);
        findings_bad(findings, "open", object, hint, "%s gets EBUSY (Device or resource busy): process %d holds it",
                     program->name, (int)holder);
    } else if (!holder) {
        snprintf(hint, sizeof(hint), "tapgrant doctor %s, as root, names it", tapgrant_name(device));
        findings_bad(findings, "open", object, hint, "%s gets EBUSY (Device or resource busy): a process that you may not see "
                     "holds it", program->name);
    } else if (good) {
        findings_good(findings, "open", object, "%s can open it, with %u queue%s", program->name, queues, queues > 1 ? "s" : "");
    }
    if (!tapgrant_up(device) && !strcmp(program->name, "cloud-hypervisor")) {
        snprintf(hint, sizeof(hint), "ip link set %s up", tapgrant_name(device));
        findings_bad(findings, "start", object, hint, "cloud-hypervisor gets EPERM (Operation not permitted) when it sets the "
                     "device up, and ends");
    }
    tell_options(findings, program, object, tapgrant_name(device), queues);
}

void checks_program_on_macvtap(struct findings *findings, const struct program *program, const struct macvtap *macvtap,
                               unsigned queues) {
    char hint[300];

    if (!strcmp(program->name, "libvirt")) {
        if (!macvtap->errnum)
            findings_good(findings, "open", macvtap->object, "libvirt opens it by its node");
        else if (macvtap->errnum == ENOENT) /* virNetDevMacVLanIsMacvtap() looks for the node, not at the kind */
            findings_bad(findings, "open", macvtap->object, macvtap->hint, "libvirt gets EINVAL (Invalid argument): without its "
                         "node it takes it for a tap");
        else
            findings_bad(findings, "open", macvtap->object, macvtap->hint, "libvirt gets EACCES (Permission denied) when it "
                         "opens its node");
        tell_options(findings, program, macvtap->object, macvtap->name, queues);
        return;
    }
    if (!strcmp(program->name, "firecracker"))
        snprintf(hint, sizeof(hint), "give it a tap: tapgrant create");
    else
        snprintf(hint, sizeof(hint), "give it a descriptor: tapgrant run --net managed=no,dev=%s -- %s", macvtap->name,
                 program->name);
    findings_bad(findings, "open", macvtap->object, hint, "%s gets EINVAL (Invalid argument): what it opens by name is a tap",
                 program->name);
}
