// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One interface that is there already: could who asks open it, and would traffic flow?
 */
#include "checks.h"

#include <net/if.h>
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

static void check_holders(struct findings *findings, const struct tapgrant_device *device, const char *object) {
    char hint[64];
    pid_t holder;

    if (!tapgrant_holders(device, &holder, 1)) {
        findings_good(findings, "held", object, "nobody's that you may see holds it");
        return;
    }
    snprintf(hint, sizeof(hint), "kill %d", (int)holder);
    findings_bad(findings, "held", object, hint, "process %d holds it%s", (int)holder,
                 tapgrant_multi_queue(device) ? ", and another would share its traffic" : ", and it takes one");
}

/* No tap, but opened as one: by its node. */
static void check_macvtap(struct findings *findings, const char *dev, const struct program *program) {
    char object[160], node[32], hint[200];
    unsigned index = if_nametoindex(dev);

    snprintf(object, sizeof(object), "interface %s", dev);
    snprintf(node, sizeof(node), "/dev/tap%u", index);
    findings_good(findings, "exists", object, "a macvtap, opened by its node %s", node);
    if (access(node, F_OK)) {
        snprintf(hint, sizeof(hint), "mknod %s c $(tr : ' ' </sys/class/net/%s/tap%u/dev); chown %u %s", node, dev, index,
                 getuid(), node);
        findings_bad(findings, "owner", object, hint, "its node does not exist");
    } else if (access(node, R_OK | W_OK)) {
        snprintf(hint, sizeof(hint), "chown %u %s", getuid(), node);
        findings_bad(findings, "owner", object, hint, "you may not open its node");
    } else {
        findings_good(findings, "owner", object, "you may open its node");
    }
    if (program) checks_program_on_macvtap(findings, program, object, dev);
}

void checks_device(struct findings *findings, const char *dev, const struct program *program, unsigned queues) {
    struct tapgrant_device *device;
    struct tapgrant_error error;
    char object[160], hint[200];

    if (tapgrant_find(dev, &device, &error)) {
        if (strstr(error.reason, "of kind macvtap")) {
            check_macvtap(findings, dev, program);
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
    if (tapgrant_multi_queue(device))
        findings_good(findings, "queues", object, "multi-queue, %u attached; open it with multi-queue set",
                      tapgrant_queues(device));
    else
        findings_good(findings, "queues", object, "one queue");
    if (program) checks_program(findings, program, device, queues);
    tapgrant_close(device);
}
