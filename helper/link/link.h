/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The internal library of tapgrant-helper and tapgrant-apply: links as rtnetlink(7) shows them, and the making of
 * taps.  Functions return 0 or a negative errno: the kernel's own, or what is said.
 */
#pragma once

#include "helper/system.h"
#include "wire/wire.h"

/*
 * What the host's own stack does on a link, as net.ipv4.conf and net.ipv6.conf have it.
 * UINT32_MAX: the link has no such setting.
 */
struct link_stack {
    uint32_t forwarding;
    uint32_t rp_filter;
    uint32_t arp_ignore;
    uint32_t accept_ra;     /* from here on of IPv6 */
    uint32_t disable_ipv6;
    uint32_t addr_gen_mode;
};

struct link {
    uint32_t index, mtu, master;               /* master: its bridge's index; 0: none */
    char name[WIRE_NAME], kind[16], alias[64]; /* the kernel's own name; "bridge", "tun" (a tap is one), ""; its beginning */
    uint8_t mac[6];
    uint64_t port;                           /* of a bridge's port: bit N is its setting IFLA_BRPORT_N that is on */
    uint16_t vlan[2];                        /* of a bridge: 0, and the VLAN of its new ports; 0: none */
    bool up, takes_ra;                       /* router advertisements */
    uint32_t tun[IFLA_TUN_MAX + 1];          /* of a tun: its IFLA_TUN_N at N; UINT32_MAX: none, as no owner, no group */
    struct link_stack stack;
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

/* 0: somebody set the bridge's address, so that it follows no port's.  -ESTALE: nobody did; -EXDEV: /sys shows other links. */
CHECKED int link_pinned(const struct link *bridge);

/* Gives the link an alternative name.  -EEXIST: it is another link's. */
CHECKED int link_add_altname(uint32_t index, const char *name);

CHECKED int link_delete(uint32_t index);

/*
 * The lowest MTU of those ports of the bridge that are no taps; 0: it has none.  A bridge whose MTU nobody set has
 * the lowest of its ports' (net/bridge/br_if.c, br_mtu_auto_adjust), so it has at most this one while those ports stay, and
 * no user can take such a port away.  A port that another process adds or takes away meanwhile may be seen or not.
 */
CHECKED int link_port_mtu(uint32_t bridge, uint32_t *mtu);

/*
 * Makes the tap TO->ifindex, which is down, what TO says, a port of BRIDGE (index 0: of none), with ALIAS; reads
 * everything back; and sets it up.  As a port it takes no part in spanning trees; ISOLATE: it reaches no other isolated
 * one; LOCK: only frames from TO->guest_mac enter, which no other port can take.  -EADDRINUSE: it is another's, set
 * there, or the bridge's own.  -EADDRNOTAVAIL: TO->host_mac is a guest's.  -ESTALE: the kernel acknowledged what it did
 * not do, or the bridge's MTU moved.  -ERANGE: TO->mtu is below WIRE_MTU_IPV6.
 */
CHECKED int link_configure(const struct wire_device *to, const struct link *bridge, const char *alias, bool lock, bool isolate);

/*
 * The settings of a bridge's port that are made, and what they are made to be: bit N is
 * IFLA_BRPORT_N.  What link_set_port() sets was acknowledged, and is to be read back.
 */
extern const uint64_t link_port_settings;
uint64_t link_port_as_made(bool lock, bool isolate);
CHECKED int link_set_port(uint32_t index, uint64_t wanted);

/*
 * Sets what link_configure() sets of the host's own stack, on a tap that is there, and reads it back.
 * -ENOENT: the tap's MTU is below 1280, so that it has no IPv6.
 */
CHECKED int link_set_host_side(const char *name);

/*
 * Makes the tap that is asked for ("" as its name: a generated one), exclusively, with all its queues, and with the
 * calling process's own rights to /dev/net/tun.  WIRE_NAME_TAKEN; -EBUSY: somebody attached before it was
 * root's, again and again; -ESTALE: it is not what was asked.
 */
CHECKED int device_create(const struct wire_interface *interface, struct device *device);
