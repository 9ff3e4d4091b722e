// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Links as rtnetlink(7) shows them.
 */
#include "lib/links/links.h"
#include "lib/links/netlink.h"
#include "wire/names.h"

#include <errno.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define ALTERNATIVE_NAME 128 /* ALTIFNAMSIZ, the terminating NUL included */

/* Who is called for each link, and what it returned last. */
struct visit {
    links_each_fn *each;
    void *context;
    int result;
};

static void read_tun(const struct nlattr *nest, struct link *link) {
    struct netlink_attributes tun;

    netlink_nested(nest, &tun);
    link->is_tap = netlink_number(tun.of_type[IFLA_TUN_TYPE], 0) == IFF_TAP;
    link->persist = netlink_number(tun.of_type[IFLA_TUN_PERSIST], 0);
    link->multi_queue = netlink_number(tun.of_type[IFLA_TUN_MULTI_QUEUE], 0);
    link->vnet_hdr = netlink_number(tun.of_type[IFLA_TUN_VNET_HDR], 0);
    link->owner = netlink_number(tun.of_type[IFLA_TUN_OWNER], LINKS_NOBODY);
    link->group = netlink_number(tun.of_type[IFLA_TUN_GROUP], LINKS_NOBODY);
    link->attached_queues = netlink_number(tun.of_type[IFLA_TUN_NUM_QUEUES], 0);
    link->attached_queues += netlink_number(tun.of_type[IFLA_TUN_NUM_DISABLED_QUEUES], 0);
}

static void read_port(const struct nlattr *nest, struct link *link) {
    struct netlink_attributes port;
    bool has_guard;

    netlink_nested(nest, &port);
    link->locked = netlink_number(port.of_type[IFLA_BRPORT_LOCKED], 0);
    link->isolated = netlink_number(port.of_type[IFLA_BRPORT_ISOLATED], 0);
    has_guard = netlink_number(port.of_type[IFLA_BRPORT_GUARD], 0);
    link->guarded = has_guard && netlink_number(port.of_type[IFLA_BRPORT_PROTECT], 0);
}

/* What depends on the link's kind, and on its bridge's. */
static void read_kinds(const struct nlattr *nest, struct link *link) {
    struct netlink_attributes info;
    char master[16] = "";

    netlink_nested(nest, &info);
    netlink_text(info.of_type[IFLA_INFO_KIND], link->kind, sizeof(link->kind));
    if (!strcmp(link->kind, "tun")) {
        read_tun(info.of_type[IFLA_INFO_DATA], link);
    }
    netlink_text(info.of_type[IFLA_INFO_SLAVE_KIND], master, sizeof(master));
    if (!strcmp(master, "bridge")) {
        read_port(info.of_type[IFLA_INFO_SLAVE_DATA], link);
    }
}

/* One of the alternative names: the quota slot, or another. */
static int read_slot(const struct nlattr *attribute, void *context) {
    struct link *link = context;
    char name[ALTERNATIVE_NAME] = "";
    char rule[WIRE_RULE];
    uint32_t uid;
    int slot;

    netlink_text(attribute, name, sizeof(name));
    if (sscanf(name, NAMES_SLOT_WORD, &uid, rule, &slot) != 3) {
        return MNL_CB_OK;
    }
    link->uid = uid;
    snprintf(link->rule, sizeof(link->rule), "%s", rule);
    link->slot = slot;
    return MNL_CB_STOP;
}

static void read_mac(const struct nlattr *attribute, uint8_t mac[6]) {
    if (attribute && mnl_attr_get_payload_len(attribute) == 6) {
        memcpy(mac, mnl_attr_get_payload(attribute), 6);
    }
}

static void read_link(const struct nlmsghdr *message, struct link *link) {
    const struct ifinfomsg *body = mnl_nlmsg_get_payload(message);
    struct netlink_attributes attributes;

    *link = (struct link){.ifindex = (uint32_t)body->ifi_index,
                          .up = body->ifi_flags & IFF_UP,
                          .link_type = body->ifi_type,
                          .uid = LINKS_NOBODY,
                          .slot = -1,
                          .owner = LINKS_NOBODY,
                          .group = LINKS_NOBODY};
    netlink_attributes(message, sizeof(*body), &attributes);
    link->mtu = netlink_number(attributes.of_type[IFLA_MTU], 0);
    link->queue_length = netlink_number(attributes.of_type[IFLA_TXQLEN], 0);
    link->master = netlink_number(attributes.of_type[IFLA_MASTER], 0);
    netlink_text(attributes.of_type[IFLA_IFNAME], link->name, sizeof(link->name));
    netlink_text(attributes.of_type[IFLA_IFALIAS], link->alias, sizeof(link->alias));
    read_mac(attributes.of_type[IFLA_ADDRESS], link->mac);
    read_kinds(attributes.of_type[IFLA_LINKINFO], link);
    if (attributes.of_type[IFLA_PROP_LIST]) {
        mnl_attr_parse_nested(attributes.of_type[IFLA_PROP_LIST], read_slot, link);
    }
}

static int visit_link(const struct nlmsghdr *message, void *context) {
    struct visit *visit = context;
    struct link link;

    read_link(message, &link);
    visit->result = visit->each(&link, visit->context);
    return visit->result ? MNL_CB_STOP : MNL_CB_OK;
}

/* -ENODEV: no link can have a name of this length. */
static int put_name(struct nlmsghdr *message, const char *name) {
    size_t length = strlen(name);

    if (length >= ALTERNATIVE_NAME) {
        return -ENODEV;
    }
    mnl_attr_put_strz(message, length < WIRE_NAME ? IFLA_IFNAME : IFLA_ALT_IFNAME, name);
    return 0;
}

/* By NAME, or where that is NULL by IFINDEX, or where that is 0 all. */
static int ask(const char *name, uint32_t ifindex, uint16_t flags, struct visit *visit) {
    const struct ifinfomsg body = {.ifi_index = (int)ifindex};
    struct netlink_question question;
    struct nlmsghdr *message = question_begin(&question, RTM_GETLINK, flags, &body);
    int error = 0;

    if (name) {
        error = put_name(message, name);
    }
    if (error) {
        return error;
    }
    mnl_attr_put_u32(message, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
    error = question_exchange(message, visit_link, visit);
    return error ? error : visit->result;
}

static int copy_link(const struct link *link, void *context) {
    *(struct link *)context = *link;
    return 0;
}

static int read_one(const char *name, uint32_t ifindex, struct link *link) {
    struct visit visit = {.each = copy_link, .context = link};
    int error;

    link->ifindex = 0;
    error = ask(name, ifindex, NLM_F_ACK, &visit);
    if (error) {
        return error;
    }
    return link->ifindex ? 0 : -ENODEV;
}

int links_by_name(const char *name, struct link *link) {
    return read_one(name, 0, link);
}

int links_by_index(uint32_t ifindex, struct link *link) {
    return read_one(NULL, ifindex, link);
}

int links_all(links_each_fn *each, void *context) {
    struct visit visit = {.each = each, .context = context};

    return ask(NULL, 0, NLM_F_DUMP, &visit);
}

/* Not if_nametoindex(3): where there are too few descriptors, it does not say so. */
int links_index_of(const char *name, uint32_t *ifindex) {
    struct ifreq request = {.ifr_ifindex = 0};
    int any_socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int error = 0;

    if (any_socket < 0) {
        return -errno;
    }
    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
    if (ioctl(any_socket, SIOCGIFINDEX, &request)) {
        error = -errno;
    }
    close(any_socket);
    *ifindex = (uint32_t)request.ifr_ifindex;
    return error;
}

int links_name_of(uint32_t ifindex, char name[WIRE_NAME]) {
    return if_indextoname(ifindex, name) ? 0 : -errno;
}

const char *links_kind(const struct link *link) {
    return link->kind[0] ? link->kind : "hardware";
}
