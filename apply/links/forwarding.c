// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The forwarding table of a bridge while its ports are in use. helper/link/port.c has a smaller way
 * for a new port, which has learned nothing and whose guest does not send yet.
 *
 * The kernel has no "replace it if it was merely learned". It is read first, and replaced then:
 * another port can learn the address in between, and that gives way too. Only root could set it
 * for another port in between.
 */
#include "apply/links/forwarding.h"
#include "apply/links/netlink.h"

#include <linux/if_bridge.h>
#include <linux/neighbour.h>

#define VLANS 4096
#define TRIES 8 /* an entry that was learned between two looks */

struct fdb_entry {
    uint32_t index;
    uint16_t state;
    uint8_t flags;
};

/* The VLANs of a port; 0 stands for a bridge that does not filter. */
struct vlans {
    uint32_t port;
    bool has[VLANS];
};

static int take_entry(const struct nlmsghdr *message, void *context) {
    const struct ndmsg *body = mnl_nlmsg_get_payload(message);
    struct fdb_entry *entry = context;

    *entry = (struct fdb_entry){
        .index = (uint32_t)body->ndm_ifindex, .state = body->ndm_state, .flags = body->ndm_flags};
    return MNL_CB_OK;
}

/* -ENOENT: the bridge does not have it. */
static int entry_read(uint32_t bridge, const uint8_t mac[6], uint16_t vlan,
                      struct fdb_entry *entry) {
    struct ndmsg body = {
        .ndm_family = AF_BRIDGE, .ndm_ifindex = (int)bridge, .ndm_flags = NTF_SELF};
    struct nlmsghdr *message = taps_begin(RTM_GETNEIGH, NLM_F_ACK, &body, sizeof(body));

    mnl_attr_put(message, NDA_LLADDR, 6, mac);
    if (vlan) {
        mnl_attr_put_u16(message, NDA_VLAN, vlan);
    }
    *entry = (struct fdb_entry){0};
    return taps_exchange(message, take_entry, entry);
}

/* In VLAN; 0: in that, and in each VLAN of the port (net/bridge/br_fdb.c, br_fdb_add). */
static int entry_make(uint32_t index, const uint8_t mac[6], uint16_t vlan, bool replace) {
    struct ndmsg body = {.ndm_family = AF_BRIDGE,
                         .ndm_ifindex = (int)index,
                         .ndm_state = NUD_NOARP,
                         .ndm_flags = NTF_MASTER | NTF_STICKY};
    uint16_t how = replace ? NLM_F_REPLACE : NLM_F_EXCL;
    struct nlmsghdr *message =
        taps_begin(RTM_NEWNEIGH, NLM_F_ACK | NLM_F_CREATE | how, &body, sizeof(body));

    mnl_attr_put(message, NDA_LLADDR, 6, mac);
    if (vlan) {
        mnl_attr_put_u16(message, NDA_VLAN, vlan);
    }
    return taps_exchange(message, NULL, NULL);
}

static int entry_delete(uint32_t index, const uint8_t mac[6], uint16_t vlan) {
    struct ndmsg body = {
        .ndm_family = AF_BRIDGE, .ndm_ifindex = (int)index, .ndm_flags = NTF_MASTER};
    struct nlmsghdr *message = taps_begin(RTM_DELNEIGH, NLM_F_ACK, &body, sizeof(body));
    int error;

    mnl_attr_put(message, NDA_LLADDR, 6, mac);
    if (vlan) {
        mnl_attr_put_u16(message, NDA_VLAN, vlan);
    }
    error = taps_exchange(message, NULL, NULL);
    return error == -ENOENT ? 0 : error;
}

static void add_vlans(struct vlans *vlans, const struct nlattr *entry) {
    const struct nlattr *part;
    struct bridge_vlan_info info = {0};
    uint16_t last = 0;

    mnl_attr_for_each_nested(part, entry) {
        if (mnl_attr_get_type(part) == BRIDGE_VLANDB_ENTRY_INFO &&
            mnl_attr_get_payload_len(part) >= sizeof(info)) {
            memcpy(&info, mnl_attr_get_payload(part), sizeof(info));
        }
        if (mnl_attr_get_type(part) == BRIDGE_VLANDB_ENTRY_RANGE) {
            last = mnl_attr_get_u16(part);
        }
    }
    for (unsigned vlan = info.vid; vlan < VLANS && (vlan == info.vid || vlan <= last); vlan++) {
        vlans->has[vlan] = true;
    }
}

static int take_vlans(const struct nlmsghdr *message, void *context) {
    const struct br_vlan_msg *body = mnl_nlmsg_get_payload(message);
    const struct nlattr *entry;
    struct vlans *vlans = context;

    mnl_attr_for_each(entry, message, sizeof(*body)) {
        if (body->ifindex == vlans->port && mnl_attr_get_type(entry) == BRIDGE_VLANDB_ENTRY) {
            add_vlans(vlans, entry);
        }
    }
    return MNL_CB_OK;
}

static int vlans_read(uint32_t index, struct vlans *vlans) {
    struct br_vlan_msg body = {.family = AF_BRIDGE, .ifindex = index};
    int error;

    *vlans = (struct vlans){.port = index};
    error =
        taps_exchange(taps_begin(RTM_GETVLAN, NLM_F_DUMP, &body, sizeof(body)), take_vlans, vlans);
    vlans->has[0] = true;
    return error == -EOPNOTSUPP ? 0 : error; /* a kernel without VLANs of bridges */
}

int port_is_tied(const struct taps *taps, uint32_t index, const uint8_t mac[6], uint16_t vlan,
                 bool *tied) {
    static struct vlans vlans;
    bool plain = false, in_vlan = false, other = false;
    int error = vlans_read(index, &vlans);

    for (size_t i = 0; i < taps->tie_count; i++) {
        const struct tie *tie = &taps->tie[i];

        if (tie->index != index || !tie->is_sticky || !vlans.has[tie->vlan % VLANS]) {
            continue;
        }
        other |= memcmp(tie->mac, mac, 6) != 0;
        plain |= !tie->vlan;
        in_vlan |= tie->vlan == vlan;
    }
    if (wire_mac_absent(mac)) {
        *tied = !other;
    } else {
        *tied = !other && plain && (in_vlan || !vlans.has[vlan % VLANS]);
    }
    return error;
}

static bool is_tied(const struct fdb_entry *entry, uint32_t index) {
    return entry->index == index && entry->state == NUD_NOARP && entry->flags & NTF_STICKY;
}

/* Nobody but root could make it another port's. */
static bool is_taken(const struct fdb_entry *entry, uint32_t index) {
    if (entry->state & NUD_PERMANENT || entry->flags & NTF_EXT_LEARNED) {
        return true;
    }
    return entry->state & NUD_NOARP && entry->index != index;
}

int port_claimed(const struct link *bridge, const uint8_t mac[6], enum port_claim *claim,
                 uint32_t *index) {
    struct fdb_entry entry;
    enum port_claim found;
    int error;

    *claim = PORT_FREE;
    *index = 0;
    for (int i = 0; i <= !!bridge->vlan[1]; i++) {
        error = entry_read(bridge->index, mac, bridge->vlan[i], &entry);
        if (error == -ENOENT) {
            continue;
        }
        if (error) {
            return error;
        }
        found = PORT_LEARNED;
        if (entry.state & NUD_PERMANENT) {
            found = PORT_OWN;
        } else if (is_taken(&entry, 0)) {
            found = PORT_GUEST;
        }
        if (found > *claim) {
            *claim = found;
            *index = entry.index;
        }
    }
    return 0;
}

/* How MAC is in the tables of the port's VLANs: tied to the port in each; or there in one. */
static int look(const struct vlans *vlans, uint32_t bridge, const uint8_t mac[6],
                bool *is_tied_in_all, bool *is_there) {
    struct fdb_entry entry;
    int error;

    *is_tied_in_all = true;
    *is_there = false;
    for (uint16_t vlan = 0; vlan < VLANS; vlan++) {
        if (!vlans->has[vlan]) {
            continue;
        }
        error = entry_read(bridge, mac, vlan, &entry);
        if (error && error != -ENOENT) {
            return error;
        }
        if (!error && is_taken(&entry, vlans->port)) {
            return -EADDRINUSE;
        }
        *is_there |= !error;
        *is_tied_in_all &= !error && is_tied(&entry, vlans->port);
    }
    return 0;
}

int port_tie(uint32_t index, const struct link *bridge, const uint8_t mac[6]) {
    static struct vlans vlans;
    bool is_tied_in_all, is_there;
    int error = vlans_read(index, &vlans);

    for (int tries = 0; !error && tries < TRIES; tries++) {
        error = look(&vlans, bridge->index, mac, &is_tied_in_all, &is_there);
        if (error || is_tied_in_all) {
            return error;
        }
        error = entry_make(index, mac, 0, is_there);
        if (error == -EEXIST) { /* learned since: it is looked at once more before it is replaced */
            error = 0;
        }
    }
    return error ? error : -ESTALE;
}

struct found {
    struct vlans vlans; /* the kernel deletes nothing in a VLAN that the port has left */
    uint32_t index;
    const uint8_t *but;
    bool every;
    size_t count;
    struct tie tie[64];
};

/* Those of the port, as many as there is room for. */
static int take_tie(const struct nlmsghdr *message, void *context) {
    const struct ndmsg *body = mnl_nlmsg_get_payload(message);
    const struct nlattr *attribute;
    struct found *found = context;
    struct tie tie = {.index = (uint32_t)body->ndm_ifindex};

    if (tie.index != found->index || body->ndm_state & NUD_PERMANENT) {
        return MNL_CB_OK;
    }
    if (!(body->ndm_state & NUD_NOARP) && !(body->ndm_flags & NTF_EXT_LEARNED)) {
        return MNL_CB_OK;
    }
    if (!(body->ndm_flags & NTF_STICKY) && !found->every) {
        return MNL_CB_OK;
    }
    mnl_attr_for_each(attribute, message, sizeof(*body)) {
        if (mnl_attr_get_type(attribute) == NDA_VLAN) {
            tie.vlan = mnl_attr_get_u16(attribute);
        }
        if (mnl_attr_get_type(attribute) == NDA_LLADDR &&
            mnl_attr_get_payload_len(attribute) == 6) {
            memcpy(tie.mac, mnl_attr_get_payload(attribute), 6);
        }
    }
    if (memcmp(tie.mac, found->but, 6) && found->vlans.has[tie.vlan % VLANS] &&
        found->count < sizeof(found->tie) / sizeof(found->tie[0])) {
        found->tie[found->count] = tie;
        found->count++;
    }
    return MNL_CB_OK;
}

int port_untie(uint32_t index, const uint8_t mac[6], bool every) {
    static struct found found;
    /* a link's message, for neighbours too: its index is the port (rtnl_fdb_dump()) */
    struct ifinfomsg body = {.ifi_family = AF_BRIDGE, .ifi_index = (int)index};
    int error;

    found = (struct found){.index = index, .but = mac, .every = every, .count = 1};
    error = vlans_read(index, &found.vlans);
    for (int tries = 0; !error && found.count && tries < TRIES; tries++) {
        found.count = 0;
        error = taps_exchange(taps_begin(RTM_GETNEIGH, NLM_F_DUMP, &body, sizeof(body)), take_tie,
                              &found);
        for (size_t i = 0; !error && i < found.count; i++) {
            error = entry_delete(index, found.tie[i].mac, found.tie[i].vlan);
        }
    }
    if (!error && found.count) {
        return -ESTALE;
    }
    return error;
}

int port_flush(uint32_t index) {
    struct ifinfomsg body = {.ifi_family = AF_BRIDGE, .ifi_index = (int)index};
    struct nlmsghdr *message = taps_begin(RTM_SETLINK, NLM_F_ACK, &body, sizeof(body));
    struct nlattr *list = mnl_attr_nest_start(message, IFLA_PROTINFO | NLA_F_NESTED);

    mnl_attr_put(message, IFLA_BRPORT_FLUSH, 0, NULL);
    mnl_attr_nest_end(message, list);
    return taps_exchange(message, NULL, NULL);
}
