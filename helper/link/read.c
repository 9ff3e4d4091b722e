// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the kernel says of a link.
 * Hostile here: nothing, the messages are the kernel's; but attributes differ between kernels, so a
 * payload is never taken for longer than it is.
 * Privilege held: CAP_NET_ADMIN, as the caller.  Reading needs none.
 */
#include "helper/link/read.h"

#include <linux/if_tun.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include "helper/link/message.h"

#define ABSENT UINT32_MAX

/* The attribute TYPE inside the nest; NULL: there is none, or no nest. */
static const struct nlattr *nested(const struct nlattr *nest, uint16_t type) {
    const struct nlattr *attribute;
    const struct nlattr *found = NULL;

    if (!nest) {
        return NULL;
    }
    mnl_attr_for_each_nested(attribute, nest) {
        if (mnl_attr_get_type(attribute) == type) {
            found = attribute;
        }
    }
    return found;
}

/* At most SIZE bytes; what is behind a shorter attribute stays as it is. */
static void copy(void *to, size_t size, const struct nlattr *attribute) {
    size_t length = attribute ? mnl_attr_get_payload_len(attribute) : 0;

    if (length) {
        memcpy(to, mnl_attr_get_payload(attribute), length < size ? length : size);
    }
}

/* A number of one, two or four bytes; of an array of settings the one at INDEX. */
static uint32_t number_at(const struct nlattr *attribute, size_t index, uint32_t absent) {
    size_t size = attribute ? mnl_attr_get_payload_len(attribute) : 0;
    const uint32_t *array;

    if (size == sizeof(uint8_t)) {
        return mnl_attr_get_u8(attribute);
    }
    if (size == sizeof(uint16_t)) {
        return mnl_attr_get_u16(attribute);
    }
    if (size < (index + 1) * sizeof(*array)) {
        return absent;
    }
    array = mnl_attr_get_payload(attribute);
    return array[index];
}

static uint32_t number(const struct nlattr *attribute, uint32_t absent) {
    return number_at(attribute, 0, absent);
}

/* The array of IPv4's settings begins with number 1, that of IPv6's with number 0. */
static void parse_stack(const struct nlattr *families, struct link_stack *stack) {
    const struct nlattr *ipv4 = nested(nested(families, AF_INET), IFLA_INET_CONF);
    const struct nlattr *inet6 = nested(families, AF_INET6);
    const struct nlattr *ipv6 = nested(inet6, IFLA_INET6_CONF);

    stack->forwarding = number_at(ipv4, IPV4_DEVCONF_FORWARDING - 1, ABSENT);
    stack->rp_filter = number_at(ipv4, IPV4_DEVCONF_RP_FILTER - 1, ABSENT);
    stack->arp_ignore = number_at(ipv4, IPV4_DEVCONF_ARP_IGNORE - 1, ABSENT);
    stack->accept_ra = number_at(ipv6, DEVCONF_ACCEPT_RA, ABSENT);
    stack->disable_ipv6 = number_at(ipv6, DEVCONF_DISABLE_IPV6, ABSENT);
    stack->addr_gen_mode = number(nested(inet6, IFLA_INET6_ADDR_GEN_MODE), ABSENT);
}

/* The kernel's settings are signed. */
static void parse_advertisements(const struct nlattr *families,
                                 struct link_advertisements *settings) {
    const struct nlattr *ipv6 = nested(nested(families, AF_INET6), IFLA_INET6_CONF);

    settings->accept_ra = (int32_t)number_at(ipv6, DEVCONF_ACCEPT_RA, 0);
    settings->forwarding = (int32_t)number_at(ipv6, DEVCONF_FORWARDING, 0);
    settings->disable_ipv6 = (int32_t)number_at(ipv6, DEVCONF_DISABLE_IPV6, 0);
}

static uint64_t parse_port(const struct nlattr *settings) {
    const struct nlattr *attribute;
    uint64_t port = 0;

    if (!settings) {
        return 0;
    }
    mnl_attr_for_each_nested(attribute, settings) {
        if (mnl_attr_get_type(attribute) < 64 && number(attribute, 0) == 1) {
            port |= UINT64_C(1) << mnl_attr_get_type(attribute);
        }
    }
    return port;
}

static void parse_tun(const struct nlattr *data, uint32_t tun[IFLA_TUN_MAX + 1]) {
    const struct nlattr *attribute;

    if (!data) {
        return;
    }
    memset(tun, 0xff, (IFLA_TUN_MAX + 1) * sizeof(*tun));
    mnl_attr_for_each_nested(attribute, data) {
        if (mnl_attr_get_type(attribute) <= IFLA_TUN_MAX) {
            tun[mnl_attr_get_type(attribute)] = number(attribute, ABSENT);
        }
    }
}

/* IFLA_INFO_DATA has attributes of a bridge or of a tap, with numbers that overlap. */
static void parse_info(const struct nlattr *info, struct link *link) {
    const struct nlattr *data = nested(info, IFLA_INFO_DATA);

    copy(link->kind, sizeof(link->kind) - 1, nested(info, IFLA_INFO_KIND));
    link->port = parse_port(nested(info, IFLA_INFO_SLAVE_DATA));
    if (!strcmp(link->kind, "tun")) {
        parse_tun(data, link->tun);
    } else {
        link->vlan[1] = (uint16_t)number(nested(data, IFLA_BR_VLAN_DEFAULT_PVID), 0);
    }
}

static int keep_attribute(const struct nlattr *attribute, void *context) {
    const struct nlattr **top = context;

    if (mnl_attr_get_type(attribute) <= IFLA_MAX) {
        top[mnl_attr_get_type(attribute)] = attribute;
    }
    return MNL_CB_OK;
}

int link_parse(const struct nlmsghdr *message, void *context) {
    const struct ifinfomsg *body = mnl_nlmsg_get_payload(message);
    const struct nlattr *top[IFLA_MAX + 1] = {0};
    struct link *link = context;
    int result = mnl_attr_parse(message, sizeof(*body), keep_attribute, top);

    *link = (struct link){.index = (uint32_t)body->ifi_index};
    link->up = body->ifi_flags & IFF_UP;
    link->mtu = number(top[IFLA_MTU], 0);
    link->master = number(top[IFLA_MASTER], 0);
    copy(link->name, sizeof(link->name) - 1, top[IFLA_IFNAME]);
    copy(link->alias, sizeof(link->alias) - 1, top[IFLA_IFALIAS]);
    copy(link->mac, sizeof(link->mac), top[IFLA_ADDRESS]);
    parse_advertisements(top[IFLA_AF_SPEC], &link->advertisements);
    parse_stack(top[IFLA_AF_SPEC], &link->stack);
    parse_info(top[IFLA_LINKINFO], link);
    return result;
}

int link_read(uint32_t index, const char *name, struct link *link) {
    message_begin_link(RTM_GETLINK, 0, AF_UNSPEC, index, 0);
    if (name) {
        message_put(IFLA_IFNAME, name, strlen(name) + 1);
    }
    *link = (struct link){0};
    return message_exchange(link_parse, link);
}

int link_add_altname(uint32_t index, const char *name) {
    struct nlattr *list;

    message_begin_link(RTM_NEWLINKPROP, NLM_F_CREATE | NLM_F_EXCL, AF_UNSPEC, index, 0);
    list = message_begin_nest(IFLA_PROP_LIST);
    message_put(IFLA_ALT_IFNAME, name, strlen(name) + 1);
    message_end_nest(list);
    return message_exchange(NULL, NULL);
}

int link_delete(uint32_t index) {
    message_begin_link(RTM_DELLINK, 0, AF_UNSPEC, index, 0);
    return message_exchange(NULL, NULL);
}
