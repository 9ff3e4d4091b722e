// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Links, read without privilege.  The helper has its own, smaller reading of them: nothing of the library may run
 * there, nor anything of it in other people's processes.
 */
#include "lib/links/links.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define SLOT "quota.tapgrant."

struct visit {
    links_each_fn *each;
    void *context;
    int result;
};

static const struct nlattr *in(const struct nlattr *nest, uint16_t type) {
    const struct nlattr *attribute;

    if (!nest) return NULL;
    mnl_attr_for_each_nested(attribute, nest) if (mnl_attr_get_type(attribute) == type) return attribute;
    return NULL;
}

static void read_text(const struct nlattr *attribute, char *text, size_t size) {
    if (!attribute) return;
    snprintf(text, size, "%.*s", (int)mnl_attr_get_payload_len(attribute), (const char *)mnl_attr_get_payload(attribute));
}

static uint32_t read_number(const struct nlattr *attribute, uint32_t absent) {
    if (!attribute) return absent;
    return mnl_attr_get_payload_len(attribute) == 1 ? mnl_attr_get_u8(attribute) : mnl_attr_get_u32(attribute);
}

static void read_tun(const struct nlattr *data, struct link *link) {
    link->tap = read_number(in(data, IFLA_TUN_TYPE), 0) == 2; /* IFF_TAP */
    link->persist = read_number(in(data, IFLA_TUN_PERSIST), 0);
    link->multi_queue = read_number(in(data, IFLA_TUN_MULTI_QUEUE), 0);
    link->vnet_hdr = read_number(in(data, IFLA_TUN_VNET_HDR), 0);
    link->owner = read_number(in(data, IFLA_TUN_OWNER), LINKS_NOBODY);
    link->group = read_number(in(data, IFLA_TUN_GROUP), LINKS_NOBODY);
    link->attached_queues =
        read_number(in(data, IFLA_TUN_NUM_QUEUES), 0) + read_number(in(data, IFLA_TUN_NUM_DISABLED_QUEUES), 0);
}

static void read_port(const struct nlattr *data, struct link *link) {
    link->locked = read_number(in(data, IFLA_BRPORT_LOCKED), 0);
    link->isolated = read_number(in(data, IFLA_BRPORT_ISOLATED), 0);
    link->guarded = read_number(in(data, IFLA_BRPORT_GUARD), 0) && read_number(in(data, IFLA_BRPORT_PROTECT), 0);
}

/* quota.tapgrant.UID.RULE.N among the alternative names. */
static void read_slot(const struct nlattr *names, struct link *link) {
    const struct nlattr *attribute;
    char name[128];

    if (!names) return;
    mnl_attr_for_each_nested(attribute, names) {
        read_text(attribute, name, sizeof(name));
        if (strncmp(name, SLOT, strlen(SLOT))) continue;
        if (sscanf(name + strlen(SLOT), "%u.%32[A-Za-z0-9_-].%d", &link->uid, link->rule, &link->slot) == 3) return;
    }
    link->uid = LINKS_NOBODY;
}

static int take_link(const struct nlmsghdr *message, void *context) {
    const struct ifinfomsg *body = mnl_nlmsg_get_payload(message);
    const struct nlattr *top[IFLA_MAX + 1] = {0}, *attribute;
    struct link link = {.ifindex = (uint32_t)body->ifi_index,
                              .up = body->ifi_flags & IFF_UP,
                              .link_type = body->ifi_type,
                              .uid = LINKS_NOBODY,
                              .owner = LINKS_NOBODY,
                              .group = LINKS_NOBODY,
                              .slot = -1};
    struct visit *visit = context;
    char master[16] = "";

    mnl_attr_for_each(attribute, message, sizeof(*body)) if (mnl_attr_get_type(attribute) <= IFLA_MAX)
        top[mnl_attr_get_type(attribute)] = attribute;
    link.mtu = read_number(top[IFLA_MTU], 0);
    link.queue_length = read_number(top[IFLA_TXQLEN], 0);
    link.master = read_number(top[IFLA_MASTER], 0);
    read_text(top[IFLA_IFNAME], link.name, sizeof(link.name));
    read_text(top[IFLA_IFALIAS], link.alias, sizeof(link.alias));
    read_text(in(top[IFLA_LINKINFO], IFLA_INFO_KIND), link.kind, sizeof(link.kind));
    read_slot(top[IFLA_PROP_LIST], &link);
    if (top[IFLA_ADDRESS] && mnl_attr_get_payload_len(top[IFLA_ADDRESS]) == sizeof(link.mac))
        memcpy(link.mac, mnl_attr_get_payload(top[IFLA_ADDRESS]), sizeof(link.mac));
    if (!strcmp(link.kind, "tun")) read_tun(in(top[IFLA_LINKINFO], IFLA_INFO_DATA), &link);
    read_text(in(top[IFLA_LINKINFO], IFLA_INFO_SLAVE_KIND), master, sizeof(master));
    if (!strcmp(master, "bridge")) read_port(in(top[IFLA_LINKINFO], IFLA_INFO_SLAVE_DATA), &link);
    visit->result = visit->each(&link, visit->context);
    return visit->result ? MNL_CB_STOP : MNL_CB_OK;
}

/* Sends MESSAGE, and gives each answer to TAKE. */
static int exchange(struct mnl_socket *socket, struct nlmsghdr *message, mnl_cb_t take, void *context) {
    _Alignas(8) char answer[32768];
    ssize_t length;
    int more = MNL_CB_OK;

    if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) || mnl_socket_sendto(socket, message, message->nlmsg_len) < 0)
        return -errno;
    while (more == MNL_CB_OK) {
        length = mnl_socket_recvfrom(socket, answer, sizeof(answer));
        if (length < 0) return -errno;
        more = mnl_cb_run(answer, (size_t)length, message->nlmsg_seq, mnl_socket_get_portid(socket), take, context);
    }
    return more < 0 ? -errno : 0;
}

static int ask(const char *name, uint32_t ifindex, uint16_t flags, struct visit *visit) {
    _Alignas(8) char request[512];
    struct nlmsghdr *message = mnl_nlmsg_put_header(request);
    struct ifinfomsg *body = mnl_nlmsg_put_extra_header(message, sizeof(*body));
    struct mnl_socket *socket;
    int error;

    message->nlmsg_type = RTM_GETLINK;
    message->nlmsg_flags = NLM_F_REQUEST | flags;
    message->nlmsg_seq = 1;
    body->ifi_index = (int)ifindex;
    if (name && strlen(name) < WIRE_NAME)
        mnl_attr_put_strz(message, IFLA_IFNAME, name);
    else if (name && strlen(name) < 128)
        mnl_attr_put_strz(message, IFLA_ALT_IFNAME, name);
    else if (name)
        return -ENODEV;
    mnl_attr_put_u32(message, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
    socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
    if (!socket) return -errno;
    error = exchange(socket, message, take_link, visit);
    mnl_socket_close(socket);
    return error ? error : visit->result;
}

static int keep(const struct link *link, void *context) {
    *(struct link *)context = *link;
    return 0;
}

static int read_one(const char *name, uint32_t ifindex, struct link *link) {
    struct visit visit = {keep, link, 0};
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

int links_index_of(const char *name, uint32_t *ifindex) {
    struct ifreq request = {0};
    int failed, any = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0); /* if_nametoindex(3) does not tell a lack of descriptors */

    if (any < 0) return -errno;
    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
    failed = ioctl(any, SIOCGIFINDEX, &request) ? -errno : 0;
    close(any);
    *ifindex = (uint32_t)request.ifr_ifindex;
    return failed;
}

int links_name_of(uint32_t ifindex, char name[WIRE_NAME]) { return if_indextoname(ifindex, name) ? 0 : -errno; }

int links_all(links_each_fn *each, void *context) {
    struct visit visit = {each, context, 0};

    return ask(NULL, 0, NLM_F_DUMP, &visit);
}

struct locked {
    links_locked_fn *each;
    void *context;
};

/* A static, sticky entry of a port: what tapgrant-helper makes for lock-mac, and nobody without privilege can. */
static int take_entry(const struct nlmsghdr *message, void *context) {
    const struct ndmsg *body = mnl_nlmsg_get_payload(message);
    const struct nlattr *attribute;
    struct locked *locked = context;

    if (!(body->ndm_flags & NTF_STICKY) || !(body->ndm_state & NUD_NOARP)) return MNL_CB_OK;
    mnl_attr_for_each(attribute, message, sizeof(*body)) {
        if (mnl_attr_get_type(attribute) != NDA_LLADDR || mnl_attr_get_payload_len(attribute) != 6) continue;
        locked->each((uint32_t)body->ndm_ifindex, mnl_attr_get_payload(attribute), locked->context);
    }
    return MNL_CB_OK;
}

/* PORT 0: of all its ports. */
static int ask_entries(uint32_t master, uint32_t port, struct locked *locked) {
    _Alignas(8) char request[128];
    struct nlmsghdr *message = mnl_nlmsg_put_header(request);
    struct ifinfomsg *body = mnl_nlmsg_put_extra_header(message, sizeof(*body));
    struct mnl_socket *socket;
    int failed;

    message->nlmsg_type = RTM_GETNEIGH;
    message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    message->nlmsg_seq = 1;
    body->ifi_family = AF_BRIDGE;
    body->ifi_index = (int)port;
    mnl_attr_put_u32(message, IFLA_MASTER, master);
    socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
    if (!socket) return -errno;
    failed = exchange(socket, message, take_entry, locked);
    mnl_socket_close(socket);
    return failed;
}

int links_locked(uint32_t master, links_locked_fn *each, void *context) {
    struct locked locked = {each, context};

    return ask_entries(master, 0, &locked);
}

struct one_port {
    uint32_t port;
    uint8_t *mac;
};

static void keep_mac(uint32_t port, const uint8_t mac[6], void *context) {
    struct one_port *one = context;

    if (port == one->port) {
        memcpy(one->mac, mac, 6);
    }
}

int links_locked_mac(const struct link *link, uint8_t mac[6]) {
    struct one_port one = {link->ifindex, mac};
    struct locked locked = {keep_mac, &one};
    int failed;

    memset(mac, 0, 6);
    if (!link->master) {
        return 0;
    }
    failed = ask_entries(link->master, link->ifindex, &locked);
    if (failed) {
        memset(mac, 0, 6);
    }
    return failed;
}
