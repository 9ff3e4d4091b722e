/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The internal library of tapgrant-helper and tapgrant-apply: links as rtnetlink(7) shows them, and the making of
 * taps.  Functions return 0 or a negative errno: the kernel's own, or what is said.
 */
#pragma once

#include "wire.h"

#define LINK_NOBODY UINT32_MAX /* no owner, no group: (uid_t)-1 */

struct link {
    uint32_t index, mtu, master;             /* master: its bridge's index; 0: none */
    char name[WIRE_NAME], kind[16];          /* the kernel's own name; "bridge", "tun" (a tap is one), "" */
    char alias[64];                          /* the beginning of it */
    uint8_t mac[6];
    bool ethernet, up;
    bool takes_ra;                           /* router advertisements */
    bool tap, persist, multi_queue;          /* of a tun, as the rest: */
    uint32_t owner, group, queues;           /* ids or LINK_NOBODY; attached and disabled queues, if multi_queue */
};

struct device {
    struct link link;       /* as it was made: root's, down */
    unsigned queues;        /* queue[0] to queue[queues - 1] are open, close-on-exec; the device goes with the last */
    int queue[WIRE_QUEUES];
};

/* First: the one conversation with the kernel that a process has. */
CHECKED int link_connect(void);

/* The link of that index, or where INDEX is 0 of that name.  -ENODEV: there is none. */
CHECKED int link_read(uint32_t index, const char *name, struct link *link);

/* Whether somebody set the bridge's address, so that it follows no port's.  -EXDEV: /sys shows other links. */
CHECKED int link_pinned(const struct link *bridge, bool *pinned);

/* Gives the link an alternative name.  -EEXIST: it is another link's. */
CHECKED int link_add_altname(uint32_t index, const char *name);

CHECKED int link_delete(uint32_t index);

/*
 * Makes the tap TO->ifindex, which is down, what TO says, a port of BRIDGE (index 0: of none), with ALIAS; reads
 * everything back; and sets it up.  -ESTALE: the kernel acknowledged what it did not do, or the bridge's MTU moved.
 */
CHECKED int link_configure(const struct wire_device *to, const struct link *bridge, const char *alias);

/*
 * Makes the tap that is asked for ("" as its name: a generated one), exclusively, with all its queues, and with the
 * calling process's own rights to /dev/net/tun.  WIRE_NAME_TAKEN; -EBUSY: somebody attached before it was
 * root's, again and again; -ESTALE: it is not what was asked.
 */
CHECKED int device_create(const struct wire_interface *interface, struct device *device);
