/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within the library: what rtnetlink(7) and /proc tell an unprivileged process about links.  Functions return 0 or a
 * negative errno.
 */
#pragma once

#include "wire/wire.h"

#include <sys/types.h>

#define LINKS_NOBODY UINT32_MAX

struct link {
    uint32_t ifindex, mtu, master; /* master: index, 0: none */
    char name[WIRE_NAME], kind[16];
    char alias[128]; /* the beginning of it */
    uint8_t mac[6];
    bool up;
    uint16_t link_type;    /* ARPHRD_ETHER of a tap, unless its holder has set another one */
    uint32_t queue_length; /* frames that each of its queues can hold */
    /* what its quota slot says (an alternative name that no holder can forge); uid LINKS_NOBODY: it has none */
    uint32_t uid;
    char rule[WIRE_RULE];
    int slot;
    /* of a tun */
    bool tap, persist, multi_queue, vnet_hdr;
    uint32_t owner, group;            /* LINKS_NOBODY: none */
    uint32_t attached_queues;         /* attached or disabled, if multi_queue */
    bool locked, isolated, guarded; /* of a bridge's port; guarded: BPDU guard and root block */
};

/* Called for each link; what is not 0 ends the dump and is its result. */
typedef int links_each_fn(const struct link *link, void *context);

/* NAME may be an alternative one.  -ENODEV: there is none, as with the next one. */
CHECKED int links_by_name(const char *name, struct link *link);
CHECKED int links_by_index(uint32_t ifindex, struct link *link);

/*
 * The same of a name or an index alone, without the lock of all links (RTNL): right after a tap was attached the kernel holds it
 * to tell the bridge, for longer than an open takes.
 */
CHECKED int links_index_of(const char *name, uint32_t *ifindex);
CHECKED int links_name_of(uint32_t ifindex, char name[WIRE_NAME]);

CHECKED int links_all(links_each_fn *each, void *context);

/* Called for each static, sticky entry of the bridge MASTER: MAC is PORT's, an index. */
typedef void links_locked_fn(uint32_t port, const uint8_t mac[6], void *context);
CHECKED int links_locked(uint32_t master, links_locked_fn *each, void *context);

/* The address that the bridge locks the port to; zeros: none, also of what is no port. */
CHECKED int links_locked_mac(const struct link *link, uint8_t mac[6]);

/* Up to COUNT processes with a queue of the tap NAME, of those that can be looked at; how many. */
size_t links_holders(const char *name, pid_t holders[], size_t count);

/*
 * One of them; EXCEPT_US: other than this process, which has it open itself.  1; 0: there is none;
 * or the negative errno for which this process cannot look.
 */
CHECKED int links_holder(const char *name, bool except_us, pid_t *holder);

/* The same of the character device NODE, as stat(2) has it in st_rdev. */
CHECKED int links_node_holder(dev_t node, pid_t *holder);
