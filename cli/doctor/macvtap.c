// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A macvtap: no tap, but opened as one, by its node.
 */
#include "cli/doctor/checks.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

struct macvtap {
    const char *name;
    unsigned index;
    char object[32];
    char node[32];
    int error;      /* 0: the user may open the node */
    char hint[200]; /* what makes that so */
};

/* The kernel puts the node's entry into a folder named after its class: drivers/base/core.c. */
bool macvtap_is(const char *name, unsigned index) {
    char path[80];

    snprintf(path, sizeof(path), "/sys/class/net/%s/macvtap/tap%u", name, index);
    return !access(path, F_OK);
}

static void check_node(struct findings *findings, struct macvtap *macvtap) {
    const char *node = macvtap->node;

    if (!access(node, R_OK | W_OK)) {
        findings_good(findings, "owner", macvtap->object, "you may open its node");
        return;
    }
    macvtap->error = -errno;
    if (macvtap->error == -ENOENT) {
        snprintf(macvtap->hint, sizeof(macvtap->hint),
                 "mknod %s c $(tr : ' ' </sys/class/net/%s/tap%u/dev); chown %u %s", node,
                 macvtap->name, macvtap->index, getuid(), node);
        findings_bad(findings, "owner", macvtap->object, macvtap->hint, "its node does not exist");
        return;
    }
    snprintf(macvtap->hint, sizeof(macvtap->hint), "chown %u %s", getuid(), node);
    findings_bad(findings, "owner", macvtap->object, macvtap->hint, "you may not open its node");
}

/* virNetDevMacVLanIsMacvtap() looks for the node, not at the kind. */
static void check_by_node(struct findings *findings,
                          const struct macvtap *macvtap,
                          const struct program *program) {
    const char *object = macvtap->object;

    if (!macvtap->error) {
        findings_good(findings, "open", object, "%s opens it by its node", program->name);
    } else if (macvtap->error == -ENOENT) {
        findings_bad(findings, "open", object, macvtap->hint,
                     "%s gets EINVAL (Invalid argument): without its node it takes it for a tap",
                     program->name);
    } else {
        findings_bad(findings, "open", object, macvtap->hint,
                     "%s gets EACCES (Permission denied) when it opens its node", program->name);
    }
}

static void refuse_by_name(struct findings *findings,
                           const struct macvtap *macvtap,
                           const struct program *program) {
    char hint[200] = "give it a tap: tapgrant create";

    if (program->takes_descriptor) {
        snprintf(hint, sizeof(hint),
                 "give it a descriptor: tapgrant run --net managed=no,dev=%s -- %s", macvtap->name,
                 program->name);
    }
    findings_bad(findings, "open", macvtap->object, hint,
                 "%s gets EINVAL (Invalid argument): what it opens by name is a tap",
                 program->name);
}

static void check_macvtap_opening(struct findings *findings,
                                  const struct macvtap *macvtap,
                                  const struct opener *opener) {
    const struct program *program = opener->program;

    if (!program) {
        return;
    }
    if (!program->opens_macvtap) {
        refuse_by_name(findings, macvtap, program);
        return;
    }
    check_by_node(findings, macvtap, program);
    program->tell_options(findings, macvtap->object, macvtap->name, opener->queues);
}

void check_macvtap(struct findings *findings,
                   const char *name,
                   unsigned index,
                   const struct opener *opener) {
    struct macvtap macvtap = {.name = name, .index = index};

    snprintf(macvtap.object, sizeof(macvtap.object), "interface %s", name);
    snprintf(macvtap.node, sizeof(macvtap.node), "/dev/tap%u", index);
    findings_good(findings, "exists", macvtap.object, "a macvtap, opened by its node %s",
                  macvtap.node);
    check_node(findings, &macvtap);
    check_macvtap_opening(findings, &macvtap, opener);
}
