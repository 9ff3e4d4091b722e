// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The kernel's description of a link, nest by nest; and that of an entry of a forwarding table.
 * helper/link has its own, smaller reading of one link, without heap.
 */
#include "apply/links/parse.h"
#include "wire/text.h"

#include <linux/if_tun.h>
#include <linux/ipv6.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

/* linux/if.h, which cannot be included together with net/if.h */
#define IF_OPER_UNKNOWN 0
#define IF_OPER_UP 6
#define IF_LINK_MODE_DEFAULT 0
#define IF_LINK_MODE_DORMANT 1

#define MOST_PORT_SETTINGS 63 /* as many as a set of 64 bits has room for */

/* A link that can have no IPv6 because of its MTU has no settings for it either. */
static bool is_ipv6_on(const struct nlattr *families) {
    const struct nlattr *family[AF_INET6 + 1] = {0};
    const struct nlattr *inet6[IFLA_INET6_MAX + 1] = {0};
    const struct nlattr *settings;
    uint32_t disabled = 1;

    attributes_of_nest(families, &(struct attributes){family, AF_INET6});
    attributes_of_nest(family[AF_INET6], &(struct attributes){inet6, IFLA_INET6_MAX});
    settings = inet6[IFLA_INET6_CONF];
    if (settings &&
        mnl_attr_get_payload_len(settings) >= (DEVCONF_DISABLE_IPV6 + 1) * sizeof(disabled)) {
        memcpy(&disabled, (uint32_t *)mnl_attr_get_payload(settings) + DEVCONF_DISABLE_IPV6,
               sizeof(disabled));
    }
    return !disabled;
}

static void parse_bridge(const struct nlattr *data, struct link_state *link) {
    const struct nlattr *bridge[IFLA_BR_MAX + 1] = {0};
    uint32_t delay;

    attributes_of_nest(data, &(struct attributes){bridge, IFLA_BR_MAX});
    if (!attribute_number(bridge[IFLA_BR_STP_STATE], 0)) {
        return;
    }
    /* a new port listens, and then learns, for one delay each (net/bridge/br_stp.c), in 1/100 s */
    delay = attribute_number(bridge[IFLA_BR_FORWARD_DELAY], 0);
    link->forward_seconds = 2 * delay / 100;
}

static void parse_tun(const struct nlattr *data, struct link_state *link) {
    const struct nlattr *tun[IFLA_TUN_MAX + 1] = {0};

    if (!data) {
        return;
    }
    attributes_of_nest(data, &(struct attributes){tun, IFLA_TUN_MAX});
    for (unsigned type = 1; type <= IFLA_TUN_MAX; type++) {
        link->tun[type] = attribute_number(tun[type], UINT32_MAX);
    }
    link->is_tap = link->tun[IFLA_TUN_TYPE] == IFF_TAP;
}

static void parse_port(const struct nlattr *data, struct link_state *link) {
    const struct nlattr *port[MOST_PORT_SETTINGS + 1] = {0};

    attributes_of_nest(data, &(struct attributes){port, MOST_PORT_SETTINGS});
    for (unsigned type = 0; type <= MOST_PORT_SETTINGS; type++) {
        if (attribute_number(port[type], 0) == 1) {
            link->port |= UINT64_C(1) << type;
        }
    }
}

static void parse_kind(const struct nlattr *nest, struct link_state *link) {
    const struct nlattr *info[IFLA_INFO_MAX + 1] = {0};
    char kind[16] = "";

    attributes_of_nest(nest, &(struct attributes){info, IFLA_INFO_MAX});
    attribute_copy_text(info[IFLA_INFO_KIND], kind, sizeof(kind));
    if (!strcmp(kind, "bridge")) {
        parse_bridge(info[IFLA_INFO_DATA], link);
    }
    if (!strcmp(kind, "tun")) {
        parse_tun(info[IFLA_INFO_DATA], link);
    }
    parse_port(info[IFLA_INFO_SLAVE_DATA], link);
}

void parse_link(const struct nlmsghdr *message, struct link_state *link) {
    const struct ifinfomsg *body = mnl_nlmsg_get_payload(message);
    const struct nlattr *top[IFLA_MAX + 1] = {0};
    char alias[LINKS_ALIAS] = "";
    uint32_t state;

    *link = (struct link_state){.index = (uint32_t)body->ifi_index,
                                .type = body->ifi_type,
                                .is_up = body->ifi_flags & IFF_UP};
    attributes_of_message(message, sizeof(*body), &(struct attributes){top, IFLA_MAX});
    attribute_copy_text(top[IFLA_IFNAME], link->name, sizeof(link->name));
    /* an alias may have any bytes; a tag of ours has only printable ones */
    attribute_copy_text(top[IFLA_IFALIAS], alias, sizeof(alias));
    text_printable(alias, link->alias, sizeof(link->alias));
    link->mtu = attribute_number(top[IFLA_MTU], 0);
    link->master = attribute_number(top[IFLA_MASTER], 0);
    link->group = attribute_number(top[IFLA_GROUP], 0);
    link->has_carrier = attribute_number(top[IFLA_CARRIER], 1);
    link->is_dormant =
        attribute_number(top[IFLA_LINKMODE], IF_LINK_MODE_DEFAULT) == IF_LINK_MODE_DORMANT;
    state = attribute_number(top[IFLA_OPERSTATE], IF_OPER_UNKNOWN);
    link->is_operational = state == IF_OPER_UP || state == IF_OPER_UNKNOWN;
    attribute_copy_mac(top[IFLA_ADDRESS], link->mac);
    link->has_ipv6 = is_ipv6_on(top[IFLA_AF_SPEC]);
    parse_kind(top[IFLA_LINKINFO], link);
}

bool parse_locked_address(const struct nlmsghdr *message, struct locked_address *locked) {
    const struct ndmsg *body = mnl_nlmsg_get_payload(message);
    const struct nlattr *top[NDA_MAX + 1] = {0};

    *locked = (struct locked_address){.port = (uint32_t)body->ndm_ifindex};
    if (!(body->ndm_flags & NTF_STICKY)) {
        return false;
    }
    if (body->ndm_state != NUD_NOARP && !(body->ndm_flags & NTF_EXT_LEARNED)) {
        return false;
    }
    attributes_of_message(message, sizeof(*body), &(struct attributes){top, NDA_MAX});
    if (top[NDA_VLAN]) {
        locked->vlan = mnl_attr_get_u16(top[NDA_VLAN]);
    }
    attribute_copy_mac(top[NDA_LLADDR], locked->mac);
    return true;
}
