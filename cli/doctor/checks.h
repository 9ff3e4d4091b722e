/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within doctor: its checks.  Each adds its findings, with the rights of who asks. */
#pragma once

#include "cli/doctor/findings.h"

/* Of the host: the tun node, the helper, the kernel, SELinux. */
void checks_host(struct findings *findings);

/* Of the host's other software that may change a tap, or let a guest harm others: udev, networkd and so on. */
void checks_software(struct findings *findings);

/* Of the policy, and of every bridge that it names. */
void checks_policy(struct findings *findings);

#define CHECKS_QUEUES 256 /* MAX_TAP_QUEUES, drivers/net/tun.c */

/* A program that opens a tap by its name: qemu, libvirt, firecracker, cloud-hypervisor, crosvm. */
struct program;
const struct program *checks_find_program(const char *name); /* NULL: none of them */

/* Of one existing interface; and where PROGRAM is not NULL, of that program with QUEUES queues of it. */
void checks_device(struct findings *findings, const char *dev, const struct program *program, unsigned queues);

/* Of the bridge's port that it is, OBJECT in words. */
void checks_port(struct findings *findings, const struct tapgrant_device *device, const char *object);

/* Who holds it: a process, 0 for one that we may not see, -1 for none. */
pid_t checks_holder(const struct tapgrant_device *device);

/* A macvtap, and whether its node can be opened: 0, or the errno and what mends it. */
struct macvtap {
    char name[16], object[32], node[32], hint[200];
    int errnum;
};

/* The same of a macvtap. */
void checks_program_on_macvtap(struct findings *findings, const struct program *program, const struct macvtap *macvtap,
                               unsigned queues);

/* What PROGRAM gets from the kernel, and its options; where DEVICE is NULL, the latter only. */
void checks_program(struct findings *findings, const struct program *program, const struct tapgrant_device *device,
                    unsigned queues);
