/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within doctor: the programs of --for, that open an interface by its name. */
#pragma once

#include "cli/doctor/findings.h"

#define PROGRAM_NAMES "qemu, libvirt, firecracker, cloud-hypervisor, crosvm"
#define PROGRAM_QUEUES 256 /* MAX_TAP_QUEUES, drivers/net/tun.c */

/* The options of the program with which it opens DEV. */
typedef void program_options_fn(struct findings *findings,
                                const char *object,
                                const char *dev,
                                unsigned queues);

struct program {
    const char *name;
    unsigned queues;       /* at most, by name and without privilege */
    const char *why_one;   /* if that is one */
    bool sets_up;          /* it sets the link up, for which it has no privilege */
    bool opens_macvtap;    /* by its node */
    bool takes_descriptor; /* of an interface that another process has opened */
    program_options_fn *tell_options;
};

/* Who is to open the interface. */
struct opener {
    const struct program *program; /* NULL: not said */
    unsigned queues;
};

/* NULL: doctor knows no such program. */
const struct program *program_find(const char *name);
