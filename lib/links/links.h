/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within the library: what rtnetlink(7) and /proc tell a process without privilege about links.
 * Functions return 0 or a negative errno.
 *
 * tapgrant-helper has its own, smaller reader.  Code of the library never runs with privilege, and
 * code of the helper never runs in a host program.
 */
#pragma once

#include "wire/wire.h"

#include <sys/types.h>

#define LINKS_NOBODY UINT32_MAX

struct link {
    uint32_t ifindex;
    uint32_t mtu;
    uint32_t master; /* its bridge's index; 0: none */
    char name[WIRE_NAME];
    char kind[16];   /* "tun", "macvtap", ...; "": hardware */
    char alias[128]; /* the beginning of it */
    uint8_t mac[6];
    bool up;
    uint16_t link_type;    /* ARPHRD_ETHER of a tap, unless its holder has set another one */
    uint32_t queue_length; /* frames that each of its queues can hold */

    /* From its quota slot, an alternative name that no holder can forge. */
    uint32_t uid;         /* LINKS_NOBODY: it has no slot */
    char rule[WIRE_RULE]; /* "": it has no slot */
    int slot;             /* -1: none */

    /* Of kind tun. */
    bool is_tap; /* not a tun of layer 3 */
    bool persist;
    bool multi_queue;
    bool vnet_hdr;
    uint32_t owner;           /* LINKS_NOBODY: none */
    uint32_t group;           /* LINKS_NOBODY: none */
    uint32_t attached_queues; /* attached or disabled, if multi_queue */

    /* Of a bridge's port. */
    bool locked;
    bool isolated;
    bool guarded; /* BPDU guard and root block */
};

/* Called for each link.  A result that is not 0 ends the list, and is the list's result. */
typedef int links_each_fn(const struct link *link, void *context);

/* NAME may be an alternative one.  -ENODEV: there is none, as with the next one. */
CHECKED int links_by_name(const char *name, struct link *link);
CHECKED int links_by_index(uint32_t ifindex, struct link *link);

/*
 * Only the index of a name, or the name of an index.  They do not wait for the kernel's lock of all
 * links (RTNL).  After a tap is attached, the kernel holds that lock while it tells the bridge,
 * which takes longer than the rest of an open.
 */
CHECKED int links_index_of(const char *name, uint32_t *ifindex);
CHECKED int links_name_of(uint32_t ifindex, char name[WIRE_NAME]);

/* -EINTR: links came or went meanwhile, and the list may lack some. */
CHECKED int links_all(links_each_fn *each, void *context);

/* The link's kind for a message. */
const char *links_kind(const struct link *link);

/* Called for each address that a bridge locks its port PORT, an index, to. */
typedef void links_locked_fn(uint32_t port, const uint8_t mac[6], void *context);

/* All of the bridge MASTER, an index. */
CHECKED int links_locked(uint32_t master, links_locked_fn *each, void *context);

/* The address that the link's bridge locks it to.  Zeros: none, also if it is no port. */
CHECKED int links_locked_mac(const struct link *link, uint8_t mac[6]);

/*
 * Stores up to COUNT processes that hold a queue of the tap NAME, of those whose descriptors this
 * process may see.  Returns how many there are.
 */
size_t links_holders(const char *name, pid_t holders[], size_t count);

/*
 * One of them.  EXCEPT_US: not this process, which has the tap open itself.  Returns 1; 0: there is
 * none; or the negative errno for which this process could not look everywhere.
 */
CHECKED int links_holder(const char *name, bool except_us, pid_t *holder);

/* The same for the character device NODE, as st_rdev of stat(2) has it. */
CHECKED int links_node_holder(dev_t node, pid_t *holder);
