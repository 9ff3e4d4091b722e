// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A guest's address, tied to its port.
 * Hostile here: other ports, which may send from the address at any moment, so that the bridge
 * learns it there.
 * Privilege held: CAP_NET_ADMIN, as the caller.
 */
#include "helper/link/forwarding.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "helper/link/message.h"

static void begin_entry(uint16_t type,
                        uint16_t flags,
                        const struct ndmsg *body,
                        const uint8_t mac[6]) {
    message_begin(type, flags, body, sizeof(*body));
    message_put(NDA_LLADDR, mac, 6);
}

/* VLAN 0: of no VLAN. */
static void put_vlan(uint16_t vlan) {
    if (vlan) {
        message_put(NDA_VLAN, &vlan, sizeof(vlan));
    }
}

/*
 * Without a VLAN it is made in each VLAN of the port as well (net/bridge/br_fdb.c, br_fdb_add()).
 * Static and sticky: another port can neither learn it nor take it by sending.  Without
 * NLM_F_EXCL it would be taken from the port that has it.
 */
static int add_entry(uint32_t port, const uint8_t mac[6]) {
    struct ndmsg body = {.ndm_family = AF_BRIDGE, .ndm_ifindex = (int)port};

    body.ndm_state = NUD_NOARP;
    body.ndm_flags = NTF_MASTER | NTF_STICKY;
    begin_entry(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL, &body, mac);
    return message_exchange(NULL, NULL);
}

static int delete_entry(uint32_t port, const uint8_t mac[6], uint16_t vlan) {
    struct ndmsg body = {.ndm_family = AF_BRIDGE, .ndm_ifindex = (int)port};

    body.ndm_flags = NTF_MASTER;
    begin_entry(RTM_DELNEIGH, 0, &body, mac);
    put_vlan(vlan);
    return message_exchange(NULL, NULL);
}

static int take_entry(const struct nlmsghdr *message, void *entry) {
    memcpy(entry, mnl_nlmsg_get_payload(message), sizeof(struct ndmsg));
    return MNL_CB_OK;
}

/* -ENOENT: the bridge does not have it. */
static int read_entry(const struct link *bridge,
                      const uint8_t mac[6],
                      uint16_t vlan,
                      struct ndmsg *entry) {
    struct ndmsg body = {.ndm_family = AF_BRIDGE, .ndm_ifindex = (int)bridge->index};

    *entry = (struct ndmsg){0};
    body.ndm_flags = NTF_SELF;
    begin_entry(RTM_GETNEIGH, 0, &body, mac);
    put_vlan(vlan);
    return message_exchange(take_entry, entry);
}

/* An address has an entry without a VLAN, and one in the VLAN of new ports, if they have one. */
static size_t vlan_count(const struct link *bridge) {
    return bridge->vlan[1] ? 2 : 1;
}

int forwarding_check_own(const struct link *bridge, const uint8_t mac[6]) {
    struct ndmsg entry;

    for (size_t i = 0; i < vlan_count(bridge); i++) {
        int error = read_entry(bridge, mac, bridge->vlan[i], &entry);

        if (error && error != -ENOENT) {
            return error;
        }
        if (!error && !(entry.ndm_state & NUD_PERMANENT)) {
            return -EADDRNOTAVAIL;
        }
    }
    return 0;
}

/* Did somebody set this entry, for another port than PORT or for the bridge? */
static bool is_set_elsewhere(const struct ndmsg *entry, uint32_t port) {
    if (entry->ndm_state & NUD_PERMANENT || entry->ndm_flags & NTF_EXT_LEARNED) {
        return true;
    }
    return entry->ndm_state & NUD_NOARP && entry->ndm_ifindex != (int)port;
}

/* Deletes what another port learned. */
static int vacate(const struct link *bridge, uint32_t port, const uint8_t mac[6]) {
    struct ndmsg entry;

    for (size_t i = 0; i < vlan_count(bridge); i++) {
        int error = read_entry(bridge, mac, bridge->vlan[i], &entry);

        if (!error && is_set_elsewhere(&entry, port)) {
            return -EADDRINUSE;
        }
        if (!error) {
            error = delete_entry((uint32_t)entry.ndm_ifindex, mac, bridge->vlan[i]);
        }
        if (error && error != -ENOENT) {
            return error;
        }
    }
    return 0;
}

static int check_entries(const struct link *bridge, uint32_t port, const uint8_t mac[6]) {
    struct ndmsg entry;

    for (size_t i = 0; i < vlan_count(bridge); i++) {
        int error = read_entry(bridge, mac, bridge->vlan[i], &entry);

        if (error || entry.ndm_ifindex != (int)port) {
            return -ESTALE;
        }
        if (entry.ndm_state != NUD_NOARP || !(entry.ndm_flags & NTF_STICKY)) {
            return -ESTALE;
        }
    }
    return 0;
}

/*
 * Tries once more when what another port learned is gone.  If it is learned again in between, the
 * claim fails.
 */
int forwarding_claim(const struct link *bridge, uint32_t port, const uint8_t mac[6]) {
    int error = add_entry(port, mac);

    if (error == -EEXIST) {
        error = vacate(bridge, port, mac);
        if (error) {
            return error;
        }
        error = add_entry(port, mac);
    }
    if (error) {
        return error == -EEXIST ? -EADDRINUSE : error;
    }
    return check_entries(bridge, port, mac);
}
