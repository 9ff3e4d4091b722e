/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within the command: what this host's /sys and /proc say of a bridge. */
#pragma once

#include "conf/policy/policy.h"

#define HOST_BRIDGE_PORTS 1023 /* BR_MAX_PORTS less one: net/bridge/br_private.h */

struct host_bridge {
    struct policy_bridge facts; /* exists: it is a bridge; name: the kernel's own */
    bool is_link;               /* something of that name is there */
    size_t ports;
};

/* NAME may be an alternative one. */
struct host_bridge host_bridge_look(const char *name);

/* Does the host take router advertisements on the link? */
bool host_takes_ra(const char *name);

/* The number in FOLDER/NAME/SETTING; false: there is none. */
bool host_number(const char *folder, const char *name, const char *setting, long *number);
