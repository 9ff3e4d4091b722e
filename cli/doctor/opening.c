// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a program will get from the kernel when it opens a tap by its name.  The kernel's order is
 * that of tun_set_iff(), drivers/net/tun.c: kind and queues before the owner, the owner before who
 * holds it.
 */
#include "cli/doctor/checks.h"

#include <stdio.h>
#include <unistd.h>

/* The command that makes the tap anew, with one queue or with several. */
static void write_command_to_remake(const struct tap *tap, bool several, char *text, size_t size) {
    const char *bridge = tapgrant_bridge(tap->device);
    bool is_granted = tapgrant_rule(tap->device) && tapgrant_uid(tap->device) == getuid();

    if (is_granted) {
        snprintf(text, size, "tapgrant delete %s; tapgrant create --net dev=%s%s%s,queues=%s",
                 tap->name, tap->name, bridge ? ",bridge=" : "", bridge ? bridge : "",
                 several ? "N" : "1");
    } else {
        snprintf(text, size,
                 "ip link del %s; ip tuntap add dev %s mode tap user %u%s; "
                 "ip link set %s%s%s up",
                 tap->name, tap->name, getuid(), several ? " multi_queue" : "", tap->name,
                 bridge ? " master " : "", bridge ? bridge : "");
    }
}

/* EINVAL, the most common of all answers: the flag IFF_MULTI_QUEUE is not the tap's own. */
static void report_other_flag(struct findings *findings, const struct tap *tap) {
    const struct program *program = tap->opener.program;
    const char *name = program->name;
    bool is_multi = tapgrant_multi_queue(tap->device);
    char hint[300];

    write_command_to_remake(tap, !is_multi, hint, sizeof(hint));
    if (!is_multi) {
        findings_bad(findings, "open", tap->object, hint,
                     "%s gets EINVAL (Invalid argument): for %u queues it sets IFF_MULTI_QUEUE, "
                     "and the tap has one queue",
                     name, tap->opener.queues);
    } else if (program->queues > 1) {
        findings_bad(findings, "open", tap->object, hint,
                     "%s gets EINVAL (Invalid argument): the tap is a multi-queue one, and with "
                     "one queue %s opens it without IFF_MULTI_QUEUE. Give it several, or make the "
                     "tap with one",
                     name, name);
    } else {
        findings_bad(findings, "open", tap->object, hint,
                     "%s gets EINVAL (Invalid argument): the tap is a multi-queue one, and %s "
                     "never sets IFF_MULTI_QUEUE: %s",
                     name, name, program->why_one);
    }
}

static bool has_queues(struct findings *findings, const struct tap *tap) {
    const struct program *program = tap->opener.program;
    unsigned queues = tap->opener.queues;
    bool is_multi = tapgrant_multi_queue(tap->device);

    if (queues > program->queues) {
        findings_bad(findings, "open", tap->object, "use one queue: leave --queues out",
                     "%s cannot use %u queues: %s", program->name, queues, program->why_one);
        return false;
    }
    if (is_multi != (queues > 1)) {
        report_other_flag(findings, tap);
        return false;
    }
    return true;
}

/* tun_not_capable() compares with the effective ids. */
static bool is_permitted(struct findings *findings, const struct tap *tap) {
    const char *program = tap->opener.program->name;
    uid_t owner = tapgrant_owner(tap->device);
    gid_t group = tapgrant_group(tap->device);
    bool is_owner = owner == (uid_t)-1 || owner == geteuid();
    bool is_member = group == (gid_t)-1 || group == getegid() || group_member(group);
    char hint[300];

    if (is_owner && is_member) {
        return true;
    }
    write_command_to_remake(tap, tapgrant_multi_queue(tap->device), hint, sizeof(hint));
    if (!is_owner) {
        findings_bad(findings, "open", tap->object, hint,
                     "%s gets EPERM (Operation not permitted): it belongs to uid %u, and you are "
                     "uid %u",
                     program, owner, geteuid());
    } else {
        findings_bad(findings, "open", tap->object, hint,
                     "%s gets EPERM (Operation not permitted): it belongs to group %u, and you "
                     "are not in it",
                     program, group);
    }
    return false;
}

/* A multi-queue tap may have several holders. */
static bool is_free(struct findings *findings, const struct tap *tap) {
    const char *program = tap->opener.program->name;
    char hint[64];

    if (tap->holder == HOLDER_NONE || tapgrant_multi_queue(tap->device)) {
        return true;
    }
    if (tap->holder == HOLDER_UNSEEN) {
        snprintf(hint, sizeof(hint), "tapgrant doctor %s, as root, names it", tap->name);
        findings_bad(findings, "open", tap->object, hint,
                     "%s gets EBUSY (Device or resource busy): a process that you may not see "
                     "holds it",
                     program);
    } else {
        snprintf(hint, sizeof(hint), "kill %d", (int)tap->holder);
        findings_bad(findings, "open", tap->object, hint,
                     "%s gets EBUSY (Device or resource busy): process %d holds it", program,
                     (int)tap->holder);
    }
    return false;
}

/* False: a condition does not hold, and that was told. */
typedef bool condition_fn(struct findings *findings, const struct tap *tap);

/* In the kernel's order: the first that does not hold gives the answer. */
static condition_fn *const conditions[] = {has_queues, is_permitted, is_free};

static void check_conditions(struct findings *findings, const struct tap *tap) {
    unsigned queues = tap->opener.queues;

    for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++) {
        if (!conditions[i](findings, tap)) {
            return;
        }
    }
    findings_good(findings, "open", tap->object, "%s can open it, with %u queue%s",
                  tap->opener.program->name, queues, queues > 1 ? "s" : "");
}

/* What it does after it has opened the tap. */
static void check_start(struct findings *findings, const struct tap *tap) {
    char hint[64];

    if (!tap->opener.program->sets_up || tapgrant_up(tap->device)) {
        return;
    }
    snprintf(hint, sizeof(hint), "ip link set %s up", tap->name);
    findings_bad(findings, "start", tap->object, hint,
                 "%s gets EPERM (Operation not permitted) when it sets the device up, and ends",
                 tap->opener.program->name);
}

void check_opening(struct findings *findings, const struct tap *tap) {
    const struct opener *opener = &tap->opener;

    if (!opener->program) {
        return;
    }
    check_conditions(findings, tap);
    check_start(findings, tap);
    opener->program->tell_options(findings, tap->object, tap->name, opener->queues);
}
