/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within tapgrant-apply: all links at once, and the changes for which helper/link/link.h has nothing.  Functions return 0 or a
 * negative errno.
 */
#pragma once

#include "helper/link/link.h"
#include "helper/system.h"

#define TAPS_ALIAS 256  /* IFALIASZ */
#define TAP_QUEUES 256  /* drivers/net/tun.c, MAX_TAP_QUEUES */
#define TAPS_REMOVAL(group) ((group) >> 24 == 0x74) /* one of the link groups that a removal uses */

struct tap { /* any link; the numbers of a tun are there only of one that is a tap */
    uint32_t index, mtu, master, group;
    uint16_t type;                   /* ARPHRD_ETHER, unless its holder changed it while it was down */
    char name[WIRE_NAME], alias[TAPS_ALIAS]; /* alias: printable */
    uint8_t mac[6];
    bool is_tap, up, carrier;
    bool paused;                     /* as by TAP_PAUSED */
    bool is_operational;             /* a bridge takes it for a port that is up */
    uint32_t listens;                /* of a bridge with a spanning tree: seconds before a new port forwards */
    bool ipv6;                       /* it has IPv6, and that is not switched off */
    uint64_t port;                   /* as in struct link */
    uint32_t tun[IFLA_TUN_MAX + 1];  /* as in struct link */
};

/*
 * An entry of a bridge's forwarding table that does not age; a sticky one ties its address, as lock-mac
 * makes it.
 */
struct tie {
    uint32_t index;
    uint16_t vlan;
    uint8_t mac[6];
    bool is_sticky;
};

struct taps {
    struct tap *tap; /* sorted by name */
    size_t count, room;
    struct tie *tie; /* sorted by index */
    size_t tie_count, tie_room;
};

/*
 * TAP_DOWN    its holder's writes fail with EIO, which ends some programs
 * TAP_PAUSED  its holder's writes succeed, and as a port it neither takes nor gives a frame, whatever
 *             the holder does with the carrier: the link is dormant (net/core/link_watch.c,
 *             rfc2863_policy(); net/bridge/br_if.c, br_port_carrier_check()).  Nor has it multicast:
 *             a device that gets IPv6 would report its groups to the guest
 * TAP_UP      also ends TAP_PAUSED
 */
enum tap_run { TAP_AS_IT_IS, TAP_DOWN, TAP_PAUSED, TAP_UP };

struct tap_change { /* what is NULL stays */
    const char *alias;
    const uint8_t *mac;
    const uint32_t *mtu, *group, *master;
    enum tap_run run;
};

/* First. */
CHECKED int taps_connect(void);

/* All links, and the ties; *TAPS is for taps_free() in any case. */
CHECKED int taps_read(struct taps *taps);
void taps_free(struct taps *taps);

/* One link as it is now.  -ENODEV: there is none. */
CHECKED int tap_read(uint32_t index, struct tap *tap);

const struct tap *taps_find(const struct taps *taps, const char *name);
const struct tap *taps_at(const struct taps *taps, uint32_t index);

/* Is MAC tied to the port in the bridge's table, and where VLAN is not 0 in it too; and is no other address? */
bool taps_tied(const struct taps *taps, uint32_t index, const uint8_t mac[6], uint16_t vlan);
/* The first address that is tied to the port, or NULL. */
const uint8_t *taps_tie(const struct taps *taps, uint32_t index);
/* How many ports the bridge of that index has. */
size_t taps_ports(const struct taps *taps, uint32_t bridge);

/* The label in the tag of a tap that tapgrant-apply made, or NULL: it is somebody else's. */
const char *tap_label(const struct tap *tap);
/* Made by the helper for a user. */
bool tap_granted(const struct tap *tap);
bool tap_persists(const struct tap *tap);
/* As far as can be seen: a holder of a device with one queue can hide by taking its carrier away. */
bool tap_in_use(const struct tap *tap);

/* Do frames pass: is it up, and not paused?  Somebody may have set half of TAP_PAUSED by hand. */
bool tap_runs(const struct tap *tap);

/* Can somebody else attach to it, beside those who use it? */
bool tap_has_room(const struct tap *tap);

/*
 * A queue of the tap, attached with its carrier as it is and without changing what its first opener left; never makes a
 * device.  -EBUSY: all the queues that it can have are in use.  The descriptor is the caller's.
 */
CHECKED int tap_attach(const struct tap *tap);

CHECKED int tap_change(uint32_t index, const struct tap_change *change);

/* Deletes every link of the group at once.  -ENODEV: there is none. */
CHECKED int taps_delete_group(uint32_t group);
