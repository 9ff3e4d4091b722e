// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A bridge as the kernel shows it by rtnetlink(7), which always answers for the network namespace
 * of the process that asks; /sys answers for the one in which it was mounted.  Only what no
 * attribute has is read there, and only after the bridge was found to be the same.
 */
#include "cli/shared/host_bridge.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/ipv6.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define LINKS "/sys/class/net"
#define IPV6 "/proc/sys/net/ipv6/conf"
#define SET_BY_SOMEBODY 3 /* NET_ADDR_SET, include/uapi/linux/netdevice.h */
#define QUESTION 512      /* bytes */
#define ANSWER 32768      /* bytes: a dump fills no more at once, net/netlink/af_netlink.c */
#define SEQUENCE 1        /* of the only question that a socket is used for */

/* What is read of one link. */
struct seen_link {
    uint32_t index;
    uint32_t mtu;
    uint32_t master; /* the index of its bridge; 0: none */
    char name[WIRE_NAME];
    char kind[16];
    uint8_t mac[6];
    int32_t accept_ra;
    int32_t forwarding;
    int32_t disable_ipv6;
};

typedef void each_link_fn(const struct seen_link *link, void *context);

struct visit {
    each_link_fn *each;
    void *context;
};

/* The attribute TYPE inside the nest; NULL: there is none, or no nest. */
static const struct nlattr *nested(const struct nlattr *nest, uint16_t type) {
    const struct nlattr *attribute;

    if (!nest) {
        return NULL;
    }
    mnl_attr_for_each_nested(attribute, nest) {
        if (mnl_attr_get_type(attribute) == type) {
            return attribute;
        }
    }
    return NULL;
}

/* One of the link's settings of net.ipv6.conf, which are signed.  0: it has no IPv6. */
static int32_t ipv6_setting(const struct nlattr *settings, size_t index) {
    int32_t value = 0;
    size_t offset = index * sizeof(value);

    if (settings && mnl_attr_get_payload_len(settings) >= offset + sizeof(value)) {
        memcpy(&value, (const char *)mnl_attr_get_payload(settings) + offset, sizeof(value));
    }
    return value;
}

static void read_families(const struct nlattr *families, struct seen_link *link) {
    const struct nlattr *ipv6 = nested(nested(families, AF_INET6), IFLA_INET6_CONF);

    link->accept_ra = ipv6_setting(ipv6, DEVCONF_ACCEPT_RA);
    link->forwarding = ipv6_setting(ipv6, DEVCONF_FORWARDING);
    link->disable_ipv6 = ipv6_setting(ipv6, DEVCONF_DISABLE_IPV6);
}

static void copy_text(const struct nlattr *attribute, char *text, size_t size) {
    if (attribute) {
        snprintf(text, size, "%.*s", (int)mnl_attr_get_payload_len(attribute),
                 mnl_attr_get_str(attribute));
    }
}

static int read_attribute(const struct nlattr *attribute, void *context) {
    struct seen_link *link = context;

    switch (mnl_attr_get_type(attribute)) {
    case IFLA_IFNAME:
        copy_text(attribute, link->name, sizeof(link->name));
        break;
    case IFLA_MTU:
        link->mtu = mnl_attr_get_u32(attribute);
        break;
    case IFLA_MASTER:
        link->master = mnl_attr_get_u32(attribute);
        break;
    case IFLA_ADDRESS:
        if (mnl_attr_get_payload_len(attribute) == sizeof(link->mac)) {
            memcpy(link->mac, mnl_attr_get_payload(attribute), sizeof(link->mac));
        }
        break;
    case IFLA_LINKINFO:
        copy_text(nested(attribute, IFLA_INFO_KIND), link->kind, sizeof(link->kind));
        break;
    case IFLA_AF_SPEC:
        read_families(attribute, link);
        break;
    default:
        break;
    }
    return MNL_CB_OK;
}

static int visit_link(const struct nlmsghdr *message, void *context) {
    const struct ifinfomsg *body = mnl_nlmsg_get_payload(message);
    const struct visit *visit = context;
    struct seen_link link = {.index = (uint32_t)body->ifi_index};

    if (mnl_attr_parse(message, sizeof(*body), read_attribute, &link) == MNL_CB_OK) {
        visit->each(&link, visit->context);
    }
    return MNL_CB_OK;
}

static int exchange(struct mnl_socket *socket,
                    const struct nlmsghdr *question,
                    struct visit *visit) {
    _Alignas(struct nlmsghdr) char answer[ANSWER];
    int more = MNL_CB_OK;

    if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) ||
        mnl_socket_sendto(socket, question, question->nlmsg_len) < 0) {
        return -errno;
    }
    while (more == MNL_CB_OK) {
        ssize_t length = mnl_socket_recvfrom(socket, answer, sizeof(answer));

        if (length < 0) {
            return -errno;
        }
        more = mnl_cb_run(answer, (size_t)length, SEQUENCE, mnl_socket_get_portid(socket),
                          visit_link, visit);
    }
    return more < 0 ? -errno : 0;
}

static struct nlmsghdr *begin_question(char bytes[QUESTION], uint16_t flags) {
    struct nlmsghdr *question = mnl_nlmsg_put_header(bytes);

    mnl_nlmsg_put_extra_header(question, sizeof(struct ifinfomsg));
    question->nlmsg_type = RTM_GETLINK;
    question->nlmsg_flags = NLM_F_REQUEST | flags;
    question->nlmsg_seq = SEQUENCE;
    mnl_attr_put_u32(question, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
    return question;
}

static int ask(const struct nlmsghdr *question, each_link_fn *each, void *context) {
    struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
    struct visit visit = {each, context};
    int error;

    if (!socket) {
        return -errno;
    }
    error = exchange(socket, question, &visit);
    mnl_socket_close(socket);
    return error;
}

static void keep_link(const struct seen_link *link, void *context) {
    *(struct seen_link *)context = *link;
}

/* -ENODEV: there is none. */
static int read_link(const char *name, struct seen_link *link) {
    _Alignas(struct nlmsghdr) char bytes[QUESTION];
    struct nlmsghdr *question = begin_question(bytes, NLM_F_ACK);
    int error;

    *link = (struct seen_link){.index = 0};
    if (strlen(name) >= WIRE_NAME) {
        return -ENODEV;
    }
    mnl_attr_put_strz(question, IFLA_IFNAME, name);
    error = ask(question, keep_link, link);
    if (error) {
        return error;
    }
    return link->index ? 0 : -ENODEV;
}

/* The ports of a bridge. */
struct ports {
    uint32_t bridge;
    uint32_t lowest_mtu; /* of those that are no taps; 0: there is none */
    size_t count;
};

static void count_port(const struct seen_link *port, void *context) {
    struct ports *ports = context;

    if (port->master != ports->bridge) {
        return;
    }
    ports->count++;
    if (!strcmp(port->kind, "tun")) {
        return;
    }
    if (!ports->lowest_mtu || port->mtu < ports->lowest_mtu) {
        ports->lowest_mtu = port->mtu;
    }
}

static int read_ports(uint32_t index, struct host_bridge *bridge) {
    _Alignas(struct nlmsghdr) char bytes[QUESTION];
    struct nlmsghdr *question = begin_question(bytes, NLM_F_DUMP);
    struct ports ports = {.bridge = index};
    int error;

    mnl_attr_put_u32(question, IFLA_MASTER, index);
    error = ask(question, count_port, &ports);
    bridge->ports = ports.count;
    bridge->facts.port_mtu = ports.lowest_mtu;
    return error;
}

bool host_number(const char *folder, const char *name, const char *setting, long *number) {
    char path[128];
    bool is_read;
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s/%s", folder, name, setting);
    file = fopen(path, "re");
    if (!file) {
        return false;
    }
    is_read = fscanf(file, "%ld", number) == 1;
    fclose(file);
    return is_read;
}

/* Does /sys show the link with this address? */
static bool sys_shows(const struct seen_link *link) {
    char path[64];
    char wanted[WIRE_MAC_TEXT];
    char shown[WIRE_MAC_TEXT] = "";
    FILE *file;

    snprintf(path, sizeof(path), LINKS "/%s/address", link->name);
    file = fopen(path, "re");
    if (!file) {
        return false;
    }
    if (!fgets(shown, sizeof(shown), file)) {
        shown[0] = 0;
    }
    fclose(file);
    return !strcmp(shown, wire_mac_text(link->mac, wanted));
}

/* As the helper does it, helper/link/bridge.c.  -EXDEV: /sys shows other links. */
static int read_pinned(const struct seen_link *link, bool *is_pinned) {
    struct seen_link now = *link;
    long address_type = 0;
    int error = 0;

    *is_pinned = true;
    if (!sys_shows(link)) {
        /* an address that nobody fixed may just have changed */
        error = read_link(link->name, &now);
    }
    if (error || !sys_shows(&now) ||
        !host_number(LINKS, link->name, "addr_assign_type", &address_type)) {
        return -EXDEV;
    }
    *is_pinned = address_type == SET_BY_SOMEBODY;
    return 0;
}

/* The same question for a link that is no bridge. */
bool host_takes_ra(const char *name) {
    long accept_ra = 0;
    long forwarding = 0;
    long disable_ipv6 = 0;

    if (!host_number(IPV6, name, "accept_ra", &accept_ra)) {
        return false;
    }
    host_number(IPV6, name, "forwarding", &forwarding);
    host_number(IPV6, name, "disable_ipv6", &disable_ipv6);
    return policy_takes_ra((int32_t)accept_ra, forwarding, disable_ipv6);
}

static void describe(const struct seen_link *link, struct host_bridge *bridge) {
    struct policy_bridge *facts = &bridge->facts;

    facts->exists = true;
    facts->mtu = link->mtu;
    facts->takes_ra = policy_takes_ra(link->accept_ra, link->forwarding, link->disable_ipv6);
    bridge->sys_error = read_pinned(link, &facts->pinned);
    bridge->error = read_ports(link->index, bridge);
}

struct host_bridge host_bridge_look(const char *name) {
    struct host_bridge bridge = {.facts = {.mtu = POLICY_MTU_ALONE, .pinned = true}};
    struct seen_link link;
    int error = read_link(name, &link);

    if (error) {
        bridge.error = error == -ENODEV ? 0 : error;
        return bridge;
    }
    bridge.is_link = true;
    snprintf(bridge.facts.name, sizeof(bridge.facts.name), "%s", link.name);
    if (!strcmp(link.kind, "bridge") && wire_bridge_valid(link.name)) {
        describe(&link, &bridge);
    }
    return bridge;
}

struct bridge_visit {
    host_bridge_fn *each;
    void *context;
};

static void visit_bridge(const struct seen_link *link, void *context) {
    const struct bridge_visit *visit = context;

    if (!strcmp(link->kind, "bridge") && wire_bridge_valid(link->name)) {
        visit->each(link->name, visit->context);
    }
}

int host_bridges(host_bridge_fn *each, void *context) {
    _Alignas(struct nlmsghdr) char bytes[QUESTION];
    struct bridge_visit visit = {each, context};

    return ask(begin_question(bytes, NLM_F_DUMP), visit_bridge, &visit);
}

const char *host_command_to_pin(const char *bridge, char text[HOST_COMMAND]) {
    snprintf(text, HOST_COMMAND, "ip link set %s address $(cat " LINKS "/%s/address)", bridge,
             bridge);
    return text;
}

/* Between slashes, a dot in the name separates nothing: sysctl(8). */
const char *host_command_to_refuse_ra(const char *link, char text[HOST_COMMAND]) {
    snprintf(text, HOST_COMMAND, "sysctl -w net/ipv6/conf/%s/accept_ra=0", link);
    return text;
}

const char *host_command_to_raise_mtu(const char *bridge, char text[HOST_COMMAND]) {
    snprintf(text, HOST_COMMAND, "ip link set %s mtu %u", bridge, WIRE_MTU_IPV6);
    return text;
}
