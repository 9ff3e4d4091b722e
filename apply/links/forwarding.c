// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The forwarding table of a bridge while its ports are in use.  helper/link has a smaller way for a
 * new port, which has learned nothing and whose guest does not send yet.
 *
 * The kernel cannot replace an entry only if it was learned.  So an entry is read first and
 * replaced then.  Another port can learn the address in between, and that gives way too.  Only root
 * could set it for another port in between.
 */
#include "apply/links/forwarding.h"
#include "apply/links/netlink.h"

#include <errno.h>
#include <linux/if_bridge.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#define VLANS 4096
#define TRIES 8    /* an entry may be learned between two looks */
#define ENTRIES 64 /* that are removed after one look; there is another look while any are left */

struct fdb_entry {
    uint32_t index;
    uint16_t state;
    uint8_t flags;
};

/* The VLANs of a port.  0 stands for a bridge that does not filter by VLAN, and is always there. */
struct vlans {
    uint32_t port;
    bool has[VLANS];
};

/* Entries of a port that are to be removed. */
struct removal {
    struct vlans vlans; /* the kernel deletes nothing in a VLAN that the port has left */
    uint32_t port;
    const uint8_t *except;
    bool every; /* also those that lock no address */
    size_t count;
    struct locked_address entry[ENTRIES];
};

static int take_entry(const struct nlmsghdr *message, void *context) {
    const struct ndmsg *body = mnl_nlmsg_get_payload(message);
    struct fdb_entry *entry = context;

    *entry = (struct fdb_entry){.index = (uint32_t)body->ndm_ifindex,
                                .state = body->ndm_state,
                                .flags = body->ndm_flags};
    return MNL_CB_OK;
}

/* VLAN 0: in none. */
static void put_address(struct nlmsghdr *message, const uint8_t mac[6], uint16_t vlan) {
    mnl_attr_put(message, NDA_LLADDR, 6, mac);
    if (vlan) {
        mnl_attr_put_u16(message, NDA_VLAN, vlan);
    }
}

/* -ENOENT: the bridge does not have it. */
static int entry_read(uint32_t bridge,
                      const uint8_t mac[6],
                      uint16_t vlan,
                      struct fdb_entry *entry) {
    const struct ndmsg body = {.ndm_family = AF_BRIDGE,
                               .ndm_ifindex = (int)bridge,
                               .ndm_flags = NTF_SELF};
    struct nlmsghdr *message = netlink_begin(RTM_GETNEIGH, NLM_F_ACK, &body, sizeof(body));

    put_address(message, mac, vlan);
    *entry = (struct fdb_entry){0};
    return netlink_exchange(message, take_entry, entry);
}

/* In no VLAN and in each VLAN of the port (net/bridge/br_fdb.c, br_fdb_add()). */
static int entry_make(uint32_t port, const uint8_t mac[6], bool is_there) {
    const struct ndmsg body = {.ndm_family = AF_BRIDGE,
                               .ndm_ifindex = (int)port,
                               .ndm_state = NUD_NOARP,
                               .ndm_flags = NTF_MASTER | NTF_STICKY};
    uint16_t how = is_there ? NLM_F_REPLACE : NLM_F_EXCL;
    struct nlmsghdr *message =
        netlink_begin(RTM_NEWNEIGH, NLM_F_ACK | NLM_F_CREATE | how, &body, sizeof(body));

    put_address(message, mac, 0);
    return netlink_exchange(message, NULL, NULL);
}

static int entry_delete(uint32_t port, const uint8_t mac[6], uint16_t vlan) {
    const struct ndmsg body = {.ndm_family = AF_BRIDGE,
                               .ndm_ifindex = (int)port,
                               .ndm_flags = NTF_MASTER};
    struct nlmsghdr *message = netlink_begin(RTM_DELNEIGH, NLM_F_ACK, &body, sizeof(body));
    int error;

    put_address(message, mac, vlan);
    error = netlink_exchange(message, NULL, NULL);
    return error == -ENOENT ? 0 : error;
}

/* One entry is a VLAN, or the first one of a range with the last one. */
static void add_vlans(struct vlans *vlans, const struct nlattr *nest) {
    const struct nlattr *part[BRIDGE_VLANDB_ENTRY_MAX + 1] = {0};
    const struct nlattr *details;
    struct bridge_vlan_info info = {0};
    unsigned last;

    attributes_of_nest(nest, &(struct attributes){part, BRIDGE_VLANDB_ENTRY_MAX});
    details = part[BRIDGE_VLANDB_ENTRY_INFO];
    if (details && mnl_attr_get_payload_len(details) >= sizeof(info)) {
        memcpy(&info, mnl_attr_get_payload(details), sizeof(info));
    }
    last = info.vid;
    if (part[BRIDGE_VLANDB_ENTRY_RANGE]) {
        last = mnl_attr_get_u16(part[BRIDGE_VLANDB_ENTRY_RANGE]);
    }
    for (unsigned vlan = info.vid; vlan <= last && vlan < VLANS; vlan++) {
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

static int vlans_read(uint32_t port, struct vlans *vlans) {
    const struct br_vlan_msg body = {.family = AF_BRIDGE, .ifindex = port};
    const struct nlmsghdr *message = netlink_begin(RTM_GETVLAN, NLM_F_DUMP, &body, sizeof(body));
    int error;

    *vlans = (struct vlans){.port = port};
    error = netlink_exchange(message, take_vlans, vlans);
    vlans->has[0] = true;
    /* a kernel whose bridges have no VLANs */
    return error == -EOPNOTSUPP ? 0 : error;
}

int forwarding_is_locked_to(const struct links *links,
                            uint32_t port,
                            const uint8_t mac[6],
                            uint16_t vlan,
                            bool *is_locked) {
    struct vlans vlans;
    bool is_in_none = false;
    bool is_in_vlan = false;
    bool has_other = false;
    int error = vlans_read(port, &vlans);

    for (size_t i = 0; i < links->locked_count; i++) {
        const struct locked_address *locked = &links->locked[i];

        if (locked->port != port || !vlans.has[locked->vlan % VLANS]) {
            continue;
        }
        has_other |= memcmp(locked->mac, mac, 6) != 0;
        is_in_none |= !locked->vlan;
        is_in_vlan |= locked->vlan == vlan;
    }
    if (wire_mac_absent(mac)) {
        *is_locked = !has_other;
    } else {
        *is_locked = !has_other && is_in_none && (is_in_vlan || !vlans.has[vlan % VLANS]);
    }
    return error;
}

static bool locks_port(const struct fdb_entry *entry, uint32_t port) {
    return entry->index == port && entry->state == NUD_NOARP && entry->flags & NTF_STICKY;
}

/* Nobody but root could make it another port's.  PORT 0: whatever port it is for. */
static bool is_set_for_other(const struct fdb_entry *entry, uint32_t port) {
    if (entry->state & NUD_PERMANENT || entry->flags & NTF_EXT_LEARNED) {
        return true;
    }
    return entry->state & NUD_NOARP && entry->index != port;
}

static enum address_use use_of(const struct fdb_entry *entry) {
    if (entry->state & NUD_PERMANENT) {
        return ADDRESS_OWN;
    }
    return is_set_for_other(entry, 0) ? ADDRESS_OF_GUEST : ADDRESS_LEARNED;
}

int forwarding_find(const struct link *bridge,
                    const uint8_t mac[6],
                    enum address_use *use,
                    uint32_t *index) {
    size_t tables = bridge->vlan[1] ? 2 : 1;
    struct fdb_entry entry;
    int error;

    *use = ADDRESS_FREE;
    *index = 0;
    for (size_t i = 0; i < tables; i++) {
        error = entry_read(bridge->index, mac, bridge->vlan[i], &entry);
        if (error == -ENOENT) {
            continue;
        }
        if (error) {
            return error;
        }
        if (use_of(&entry) > *use) {
            *use = use_of(&entry);
            *index = entry.index;
        }
    }
    return 0;
}

/* Is MAC in the tables of the port's VLANs: in each and locked to the port; or in any? */
static int look_at_tables(const struct vlans *vlans,
                          uint32_t bridge,
                          const uint8_t mac[6],
                          bool *is_locked_in_all,
                          bool *is_there) {
    struct fdb_entry entry;
    int error;

    *is_locked_in_all = true;
    *is_there = false;
    for (uint16_t vlan = 0; vlan < VLANS; vlan++) {
        if (!vlans->has[vlan]) {
            continue;
        }
        error = entry_read(bridge, mac, vlan, &entry);
        if (error && error != -ENOENT) {
            return error;
        }
        if (!error && is_set_for_other(&entry, vlans->port)) {
            return -EADDRINUSE;
        }
        *is_there |= !error;
        *is_locked_in_all &= !error && locks_port(&entry, vlans->port);
    }
    return 0;
}

int forwarding_lock(uint32_t port, const struct link *bridge, const uint8_t mac[6]) {
    struct vlans vlans;
    bool is_locked_in_all;
    bool is_there;
    int error = vlans_read(port, &vlans);

    for (int tries = 0; !error && tries < TRIES; tries++) {
        error = look_at_tables(&vlans, bridge->index, mac, &is_locked_in_all, &is_there);
        if (error || is_locked_in_all) {
            return error;
        }
        error = entry_make(port, mac, is_there);
        if (error == -EEXIST) {
            /* a port has learned it since: it is looked at once more before it is replaced */
            error = 0;
        }
    }
    return error ? error : -ESTALE;
}

static bool is_to_be_removed(const struct removal *removal, const struct ndmsg *body) {
    if ((uint32_t)body->ndm_ifindex != removal->port || body->ndm_state & NUD_PERMANENT) {
        return false;
    }
    if (!(body->ndm_state & NUD_NOARP) && !(body->ndm_flags & NTF_EXT_LEARNED)) {
        return false;
    }
    return removal->every || body->ndm_flags & NTF_STICKY;
}

static int take_removal(const struct nlmsghdr *message, void *context) {
    const struct ndmsg *body = mnl_nlmsg_get_payload(message);
    const struct nlattr *top[NDA_MAX + 1] = {0};
    struct removal *removal = context;
    struct locked_address entry = {.port = removal->port};

    if (!is_to_be_removed(removal, body)) {
        return MNL_CB_OK;
    }
    attributes_of_message(message, sizeof(*body), &(struct attributes){top, NDA_MAX});
    if (top[NDA_VLAN]) {
        entry.vlan = mnl_attr_get_u16(top[NDA_VLAN]);
    }
    attribute_copy_mac(top[NDA_LLADDR], entry.mac);
    if (!memcmp(entry.mac, removal->except, 6) || !removal->vlans.has[entry.vlan % VLANS]) {
        return MNL_CB_OK;
    }
    if (removal->count < ENTRIES) {
        removal->entry[removal->count] = entry;
        removal->count++;
    }
    return MNL_CB_OK;
}

/* Looks for the entries, and removes those that it finds.  removal->count: how many it found. */
static int remove_found(struct removal *removal) {
    /* a link's message although it asks for neighbours: its index is the port (rtnl_fdb_dump()) */
    const struct ifinfomsg body = {.ifi_family = AF_BRIDGE, .ifi_index = (int)removal->port};
    const struct nlmsghdr *message = netlink_begin(RTM_GETNEIGH, NLM_F_DUMP, &body, sizeof(body));
    int error;

    removal->count = 0;
    error = netlink_exchange(message, take_removal, removal);
    for (size_t i = 0; !error && i < removal->count; i++) {
        error = entry_delete(removal->port, removal->entry[i].mac, removal->entry[i].vlan);
    }
    return error;
}

static int remove_entries(struct removal *removal) {
    int error = vlans_read(removal->port, &removal->vlans);

    for (int tries = 0; !error && tries < TRIES; tries++) {
        error = remove_found(removal);
        if (!error && !removal->count) {
            return 0;
        }
    }
    return error ? error : -ESTALE;
}

int forwarding_unlock(uint32_t port, const uint8_t mac[6]) {
    struct removal removal = {.port = port, .except = mac};

    return remove_entries(&removal);
}

int forwarding_remove_others(uint32_t port, const uint8_t mac[6]) {
    struct removal removal = {.port = port, .except = mac, .every = true};

    return remove_entries(&removal);
}

int forwarding_forget(uint32_t port) {
    const struct ifinfomsg body = {.ifi_family = AF_BRIDGE, .ifi_index = (int)port};
    struct nlmsghdr *message = netlink_begin(RTM_SETLINK, NLM_F_ACK, &body, sizeof(body));
    struct nlattr *settings = mnl_attr_nest_start(message, IFLA_PROTINFO | NLA_F_NESTED);

    mnl_attr_put(message, IFLA_BRPORT_FLUSH, 0, NULL);
    mnl_attr_nest_end(message, settings);
    return netlink_exchange(message, NULL, NULL);
}
