/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within the command: what this host's /sys and /proc say about a bridge, and the commands that
 * make it fit for guests.
 */
#pragma once

#include "conf/policy/policy.h"

#define HOST_COMMAND 200       /* bytes of a command below */
#define HOST_BRIDGE_PORTS 1023 /* BR_MAX_PORTS less one: net/bridge/br_private.h */

struct host_bridge {
    struct policy_bridge facts; /* its name is the kernel's own; it exists if it is a bridge */
    bool is_link;               /* there is a link of that name, a bridge or another */
    size_t ports;
};

/* NAME may be an alternative one. */
struct host_bridge host_bridge_look(const char *name);

/* Does the host take router advertisements on the link? */
bool host_takes_ra(const char *name);

/* Reads the number in the file FOLDER/NAME/SETTING.  False: there is none. */
bool host_number(const char *folder, const char *name, const char *setting, long *number);

/*
 * Commands for root's shell, written into TEXT, which each returns: fix the bridge's address as it
 * is; take no more router advertisements on the link; give the bridge an MTU with which its ports
 * have settings of IPv6.
 */
const char *host_command_to_pin(const char *bridge, char text[HOST_COMMAND]);
const char *host_command_to_refuse_ra(const char *link, char text[HOST_COMMAND]);
const char *host_command_to_raise_mtu(const char *bridge, char text[HOST_COMMAND]);
