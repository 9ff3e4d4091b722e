/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The internal library of tapgrant-helper and tapgrant-apply: links as rtnetlink(7) shows them, and
 * the making of taps.  Functions return 0 or a negative errno: the kernel's own, or what is said.
 */
#pragma once

#include <linux/if_link.h>

#include "wire/wire.h"

/*
 * What the host's own stack does on a link, as net.ipv4.conf and net.ipv6.conf have it.
 * UINT32_MAX: the link has no such setting.
 */
struct link_stack {
    uint32_t forwarding;
    uint32_t rp_filter;
    uint32_t arp_ignore;
    uint32_t accept_ra; /* from here on of IPv6 */
    uint32_t disable_ipv6;
    uint32_t addr_gen_mode;
};

/* Whether the host takes router advertisements on a link.  Zeros: it has no IPv6. */
struct link_advertisements {
    int32_t accept_ra;
    int32_t forwarding;
    int32_t disable_ipv6;
};

struct link {
    uint32_t index;
    uint32_t mtu;         /* bytes */
    uint32_t master;      /* the index of its bridge; 0: it has none */
    char name[WIRE_NAME]; /* the kernel's own, not an alternative one */
    char kind[16];        /* "bridge"; "tun" of a tap too; "" of a physical device */
    char alias[64];       /* the first 63 bytes of it */
    uint8_t mac[6];
    bool up;
    struct link_advertisements advertisements;
    uint64_t port; /* of a bridge's port: bit N is its setting IFLA_BRPORT_N that is on */
    /* of a bridge: where its forwarding table can have an address: 0 is without a VLAN, and the
     * second is the VLAN of its new ports, or 0 */
    uint16_t vlan[2];
    /* of a tun: its IFLA_TUN_N at N; UINT32_MAX: it has none, as it has no owner or no group */
    uint32_t tun[IFLA_TUN_MAX + 1];
    struct link_stack stack;
};

/* A tap that this process has made.  It goes with the last of its queues. */
struct tap {
    struct link link; /* as it was when it was made: root's, and down */
    unsigned queues;
    int queue[WIRE_QUEUES]; /* the first QUEUES are open, close-on-exec */
};

/* Call this first.  It opens the one conversation with the kernel that a process has. */
CHECKED int link_connect(void);

/* The link of that index, or if INDEX is 0 of that name.  -ENODEV: there is none. */
CHECKED int link_read(uint32_t index, const char *name, struct link *link);

/*
 * 0: somebody set the bridge's address, so that it follows no port's.  -ESTALE: nobody did.
 * -EXDEV: /sys shows the links of another network namespace.
 */
CHECKED int link_pinned(const struct link *bridge);

/*
 * The lowest MTU in bytes of those ports of the bridge that are not taps; 0: it has none.
 *
 * A bridge whose MTU nobody set has the lowest of its ports' (net/bridge/br_if.c,
 * br_mtu_auto_adjust()).  So it has at most this one while those ports stay.  Who can delete such a
 * port, as the peer of a veth pair, can still raise the bridge's MTU by it.  A port that another
 * process adds or removes meanwhile may be seen or not.
 */
CHECKED int link_port_mtu(uint32_t bridge, uint32_t *mtu);

/* Gives the link an alternative name.  -EEXIST: another link has it. */
CHECKED int link_add_altname(uint32_t index, const char *name);

CHECKED int link_delete(uint32_t index);

/*
 * Makes the tap TAP->ifindex, which is down, what TAP says, a port of BRIDGE (index 0: of none),
 * with ALIAS; reads everything back; and sets it up.  As a port it takes no part in spanning trees.
 * ISOLATE: it reaches no other isolated port.  LOCK_MAC: only frames from TAP->guest_mac enter, and
 * no other port can take this address.
 *
 * -EADDRINUSE: guest_mac is another port's, set there, or the bridge's own.  -EADDRNOTAVAIL:
 * host_mac is a guest's.  -ERANGE: the MTU is below WIRE_MTU_IPV6.  -ESTALE: the kernel
 * reported success and did not apply it, or the bridge's MTU moved.
 */
CHECKED int link_configure(const struct wire_device *tap,
                           const struct link *bridge,
                           const char *alias,
                           bool lock_mac,
                           bool isolate);

/*
 * The settings of a port that are made, as bits N for IFLA_BRPORT_N; and what they are made to be.
 * What link_set_port() sets was acknowledged, and is still to be read back.
 */
extern const uint64_t link_port_settings;
uint64_t link_port_as_made(bool lock_mac, bool isolate);
CHECKED int link_set_port(uint32_t index, uint64_t wanted);

/*
 * Sets what link_configure() sets of the host's own stack, on a tap that is there, and reads it
 * back.  -ENOENT: the tap's MTU is below WIRE_MTU_IPV6, so that it has no IPv6.
 */
CHECKED int link_set_host_side(const char *name);

/*
 * Makes the tap that is asked for ("" as its name: a generated one), exclusively, with all its
 * queues, and with the calling process's own rights to /dev/net/tun.
 *
 * WIRE_NAME_TAKEN: a link has the name.  -EBUSY: each time that it was made somebody attached
 * before it was root's.  -ESTALE: it is not what was asked.
 */
CHECKED int tap_create(const struct wire_interface *interface, struct tap *tap);
