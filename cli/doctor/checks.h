/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within doctor: its checks, by area.  A check is a function that looks at one thing with the
 * rights of who asks, and adds its findings.  Each area has a table of its checks at the end of its
 * file, in the order in which they are shown.
 */
#pragma once

#include "cli/doctor/findings.h"
#include "cli/doctor/program.h"
#include "cli/policy_file.h"

/* Areas ---------------------------------------------------------------------------------------- */

/* host.c: the tun node, the helper, the kernel, SELinux. */
void check_host(struct findings *findings);

/* software.c: other software that may change a tap, or let a guest harm others. */
void check_software(struct findings *findings);

/* policy.c: the installed policy, and the names and bridges in it. */
void check_policy(struct findings *findings);

/* device.c: the interface DEV, which exists, and whether OPENER can open it. */
void check_device(struct findings *findings, const char *dev, const struct opener *opener);

/* What the areas share ------------------------------------------------------------------------- */

/* A valid policy, and who asks. */
struct policy_view {
    struct policy policy;
    struct policy_subject subject; /* its accounts are not read */
};

/* bridges.c: every bridge that the policy names, and the setting of taps without one. */
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
