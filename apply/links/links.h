/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within tapgrant-apply: all links at once, and the changes for which helper/link/link.h has
 * nothing.  Functions return 0 or a negative errno.
 */
#pragma once

#include "helper/link/link.h"

#include <linux/if_link.h>

#define LINKS_ALIAS 256 /* IFALIASZ */

/* A removal moves taps into a link group of its own: this first byte, and three random ones. */
#define LINKS_REMOVAL 0x74000000u
#define LINKS_REMOVAL_MASK 0xff000000u

/* A link as the kernel reports it. */
struct link_state {
    uint32_t index; /* 0: it does not exist */
    uint32_t mtu;
    uint32_t master; /* the index of its bridge; 0: none */
    uint32_t group;
    uint16_t type; /* ARPHRD_ETHER, unless its holder changed it while it was down */
    char name[WIRE_NAME];
    char alias[LINKS_ALIAS]; /* printable */
    uint8_t mac[6];
    bool is_tap;
    bool is_up;
    bool has_carrier;
    bool is_dormant;          /* as RUN_PAUSED makes it */
    bool is_operational;      /* a bridge takes it for a port that is up */
    uint32_t forward_seconds; /* of a bridge with a spanning tree: until a new port forwards */
    bool has_ipv6;
    uint64_t port;                  /* of a bridge's port: as in struct link */
    uint32_t tun[IFLA_TUN_MAX + 1]; /* of a tap: as in struct link */
};

/* A sticky entry of a bridge's forwarding table: it locks the port to the address. */
struct locked_address {
    uint32_t port;
    uint16_t vlan; /* 0: the entry is for no VLAN */
    uint8_t mac[6];
};

struct links {
    struct link_state *link; /* sorted by name */
    size_t count;
    size_t room;
    struct locked_address *locked; /* sorted by port */
    size_t locked_count;
    size_t locked_room;
};

enum run_state {
    RUN_UNCHANGED,
    /* A write of its holder fails with EIO, which ends some programs. */
    RUN_DOWN,
    /*
     * A write of its holder succeeds, and as a port it neither takes nor gives a frame, whatever
     * the holder does with the carrier: the link is dormant (net/core/link_watch.c,
     * rfc2863_policy(); net/bridge/br_if.c, br_port_carrier_check()).  It has no multicast either:
     * a link that gets IPv6 would report its multicast groups to the guest.
     */
    RUN_PAUSED,
    /* Up, and no longer paused. */
    RUN_UP,
    RUN_STATES
};

/* What is NULL stays. */
struct link_change {
    const char *alias;
    const uint8_t *mac;
    const uint32_t *mtu;
    const uint32_t *group;
    const uint32_t *master; /* 0: of no bridge */
    enum run_state run_state;
};

/* To be called first. */
CHECKED int links_connect(void);

/* All links and locked addresses, into *LINKS for links_free() whatever the result is. */
CHECKED int links_read(struct links *links);
void links_free(struct links *links);

/* One link as it is now.  -ENODEV: there is none. */
CHECKED int links_read_one(uint32_t index, struct link_state *link);

/* NULL: there is none. */
const struct link_state *links_find(const struct links *links, const char *name);
const struct link_state *links_with_index(const struct links *links, uint32_t index);

/* How many ports the bridge of that index has. */
size_t links_count_ports(const struct links *links, uint32_t bridge);

/* The first address that the port is locked to, or NULL. */
const uint8_t *links_locked_address(const struct links *links, uint32_t port);

/*
 * Is the port locked to MAC in the bridge's table, and in VLAN too where that is not 0; and to no
 * other address?
 */
bool links_is_locked_to(const struct links *links,
                        uint32_t port,
                        const uint8_t mac[6],
                        uint16_t vlan);

CHECKED int links_change(uint32_t index, const struct link_change *change);

/* Deletes every link of the group at once.  -ENODEV: there is none. */
CHECKED int links_delete_group(uint32_t group);
