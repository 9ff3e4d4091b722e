/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within the command: what the kernel says about a bridge of this network namespace, and the
 * commands that make it fit for guests.
 */
#pragma once

#include "conf/policy/policy.h"

#define HOST_COMMAND 200       /* bytes of a command below */
#define HOST_BRIDGE_PORTS 1023 /* BR_MAX_PORTS less one: net/bridge/br_private.h */

struct host_bridge {
    struct policy_bridge facts; /* its name is the kernel's own; it exists if it is a bridge */
    bool is_link;               /* there is a link of that name, a bridge or another */
    size_t ports;
    int error;     /* a negative errno: the kernel was not asked; then nothing is known */
    int sys_error; /* -EXDEV: /sys is another network namespace's, so pinned is not known */
};

/* /sys of another network namespace, in words, and what mends it.  All tools say the same. */
#define HOST_OTHER_SYS "/sys does not show this network namespace"
#define HOST_OTHER_SYS_HINT "mount -t sysfs sysfs /sys within the namespace, as ip netns exec does"

/* NAME may be an alternative one. */
struct host_bridge host_bridge_look(const char *name);

/* Called with the name of each bridge that a rule can name. */
typedef void host_bridge_fn(const char *name, void *context);

/* A negative errno: not all bridges were seen. */
CHECKED int host_bridges(host_bridge_fn *each, void *context);

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
