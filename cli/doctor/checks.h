/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within doctor: its checks, by area.
 *
 * A check is a function in the file of its area, and a row of the table "checks" in that file.  It
 * looks at one thing with the rights of the user, changes nothing, and calls findings_good(),
 * findings_warn() or findings_bad(), or none of them if there is nothing to say.  It names a cause
 * only after it has looked.  A hint is one command for root's shell that is right on this host, and
 * keeps all that is not at fault: owner, group, MTU, addresses.
 */
#pragma once

#include "cli/doctor/findings.h"
#include "cli/doctor/program.h"
#include "cli/shared/policy_file.h"

/* Areas ---------------------------------------------------------------------------------------- */

/* access.c: the service and the setuid helper, as this process can use them. */
void check_access(struct findings *findings);

/* host.c: the tun node, the kernel, SELinux. */
void check_host(struct findings *findings);

/* software.c: other software that may change a tap, or let a guest harm others. */
void check_software(struct findings *findings);

/* policy.c: the installed policy, and the names and bridges in it. */
void check_policy(struct findings *findings);

/* device.c: the interface DEV, which exists, and whether OPENER can open it. */
void check_device(struct findings *findings, const char *dev, const struct opener *opener);

/* What the areas share ------------------------------------------------------------------------- */

/* A valid policy, and the user as a caller of the helper. */
struct policy_view {
    struct policy policy;
    struct policy_subject subject; /* its accounts are not read */
};

/*
 * bridges.c: every bridge that the policy names, by the checks of that file; and the host's setting
 * that taps without a bridge depend on.
 */
void check_bridges(struct findings *findings, const struct policy_view *view);
void check_unbridged(struct findings *findings, const struct policy_view *view);

/* An existing tap. */
struct tap {
    const struct tapgrant_device *device;
    const char *name;
    char object[32]; /* "interface NAME" */
    pid_t holder;    /* holder_find() */
    struct opener opener;
};

/* port.c: the bridge's port that it is. */
void check_port(struct findings *findings, const struct tap *tap);

/* opening.c: whether the opener, if there is one, can open it, and how. */
void check_opening(struct findings *findings, const struct tap *tap);

/*
 * macvtap.c: a link that is opened as a tap, but by a node of its own.  INDEX is that of the link
 * NAME.
 */
bool macvtap_is(const char *name, unsigned index);
void check_macvtap(struct findings *findings,
                   const char *name,
                   unsigned index,
                   const struct opener *opener);

/* holder.c: the process that has the tap open. */
#define HOLDER_NONE (-1)
#define HOLDER_UNSEEN 0 /* there is one, and we may not see it */
pid_t holder_find(const struct tapgrant_device *device);
