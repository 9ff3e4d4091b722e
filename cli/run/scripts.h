/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within run: the scripts of its interfaces.  They run as the caller, with the device's name as
 * their argument.
 */
#pragma once

#include "cli/shared/interfaces.h"

#include <net/if.h>

/* The name of each device.  It outlives the device. */
struct device_names {
    char name[INTERFACES_MAX][IF_NAMESIZE];
};

/*
 * Runs each interface's script.  0, or the exit status after the fault was said.  The first *DONE
 * interfaces had theirs run, or have none.
 */
CHECKED int scripts_up(const struct interfaces *interfaces,
                       const struct device_names *names,
                       size_t *done);

/* Has an interface a downscript? */
bool scripts_wait(const struct interfaces *interfaces);

/*
 * Runs the downscripts of the first COUNT interfaces, the last one first.  One that fails is said,
 * and does not stop the others.  0, or the exit status.
 */
CHECKED int scripts_down(const struct interfaces *interfaces,
                         const struct device_names *names,
                         size_t count);
