// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Purpose: read links; make a new tap a port of its bridge, or a routed interface of the host's.
 * Hostile here: nothing in the messages (the kernel's), but every process on the host may watch and hurry, and try
 * to send to our socket: a connected one takes nothing but the kernel's (net/netlink/af_netlink.c,
 * netlink_getsockbyportid), and the sequence is checked as well.  It is our own, because mnl_socket_open(3) allocates.
 * A tap gets nothing of the host's that its holder could use before it is complete: all is set while it is down,
 * read back, because kernels acknowledge attributes that they do not know, and only then is it set up.
 * Privilege held: CAP_NET_ADMIN, as the caller.
 */
#include "link.h"
#include "system.h"

#include <libmnl/libmnl.h>

static int kernel; /* the socket */
static bool overflow;
static uint32_t sequence;
static _Alignas(8) char question[1024]; /* far more than any of ours */
static _Alignas(8) char reply[32768];   /* a link with all its attributes: the kernel makes none larger */

int link_connect(void) {
    static const struct sockaddr_nl address = {.nl_family = AF_NETLINK};

    kernel = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    return kernel < 0 || connect(kernel, (const void *)&address, sizeof(address)) ? -errno : 0;
}

/* A message about the link INDEX; UP: IFF_UP, to set it up, or 0. */
static void begin(uint16_t type, uint16_t flags, uint32_t index, unsigned up) {
    struct ifinfomsg body = {.ifi_family = AF_UNSPEC, .ifi_index = (int)index, .ifi_flags = up, .ifi_change = up};
    struct nlmsghdr *message = mnl_nlmsg_put_header(question);

    *message = (struct nlmsghdr){message->nlmsg_len, type, NLM_F_REQUEST | NLM_F_ACK | flags, ++sequence, 0};
    memcpy(mnl_nlmsg_put_extra_header(message, sizeof(body)), &body, sizeof(body));
    overflow = false;
}

static void put(uint16_t type, const void *data, size_t size) {
    overflow |= !mnl_attr_put_check((void *)question, sizeof(question), type, size, data);
}

/* Sends it and hears its answers, each shown to READ (may be NULL), up to the acknowledgement: 0, or the refusal. */
static int exchange(mnl_cb_t read, void *context) {
    const struct nlmsghdr *message = (void *)question;
    int more = MNL_CB_OK;
    ssize_t length;

    if (overflow) return -EMSGSIZE;
    if (send(kernel, message, message->nlmsg_len, 0) < 0) return -errno;
    while (more == MNL_CB_OK) {
        length = recv(kernel, reply, sizeof(reply), MSG_TRUNC);
        if (length < 0 || (size_t)length > sizeof(reply)) return length < 0 ? -errno : -EMSGSIZE;
        more = mnl_cb_run(reply, (size_t)length, sequence, 0, read, context);
    }
    return more < 0 ? -errno : 0; /* MNL_CB_STOP: the acknowledgement */
}

/* The attribute TYPE in the nest, which may be NULL. */
static const struct nlattr *in(const struct nlattr *nest, uint16_t type) {
    const struct nlattr *attribute, *found = NULL;

    if (nest) mnl_attr_for_each_nested(attribute, nest) if (mnl_attr_get_type(attribute) == type) found = attribute;
    return found;
}

static void copy(void *to, size_t size, const struct nlattr *from) {
    size_t length = from ? mnl_attr_get_payload_len(from) : 0;

    if (length) memcpy(to, mnl_attr_get_payload(from), length < size ? length : size);
}

/* A number; in an array of settings (IFLA_INET6_CONF) the Nth. */
static uint32_t number(const struct nlattr *from, size_t n, uint32_t absent) {
    size_t size = from ? mnl_attr_get_payload_len(from) : 0;

    if (size == sizeof(uint8_t)) return mnl_attr_get_u8(from);
    if (size >= (n + 1) * sizeof(absent)) memcpy(&absent, (uint32_t *)mnl_attr_get_payload(from) + n, sizeof(absent));
    return absent;
}

static int take_link(const struct nlmsghdr *message, void *context) {
    const struct ifinfomsg *body = mnl_nlmsg_get_payload(message);
    const struct nlattr *top[IFLA_MAX + 1] = {0}, *attribute, *tun, *ipv6;
    struct link *link = context;
    uint32_t accept_ra;

    mnl_attr_for_each(attribute, message, sizeof(*body))
        if (mnl_attr_get_type(attribute) <= IFLA_MAX) top[mnl_attr_get_type(attribute)] = attribute;
    *link = (struct link){.index = (uint32_t)body->ifi_index, .mtu = number(top[IFLA_MTU], 0, 0),
                          .master = number(top[IFLA_MASTER], 0, 0), .ethernet = body->ifi_type == ARPHRD_ETHER,
                          .up = body->ifi_flags & IFF_UP};
    copy(link->name, sizeof(link->name) - 1, top[IFLA_IFNAME]);
    copy(link->alias, sizeof(link->alias) - 1, top[IFLA_IFALIAS]);
    copy(link->mac, sizeof(link->mac), top[IFLA_ADDRESS]);
    copy(link->kind, sizeof(link->kind) - 1, in(top[IFLA_LINKINFO], IFLA_INFO_KIND));
    /* Documentation/networking/ip-sysctl.rst, accept_ra: 1 where the host does not forward, 2 always */
    ipv6 = in(in(top[IFLA_AF_SPEC], AF_INET6), IFLA_INET6_CONF);
    accept_ra = number(ipv6, DEVCONF_DISABLE_IPV6, 0) ? 0 : number(ipv6, DEVCONF_ACCEPT_RA, 0);
    link->takes_ra = accept_ra == 2 || (accept_ra && !number(ipv6, DEVCONF_FORWARDING, 0));
    tun = strcmp(link->kind, "tun") ? NULL : in(top[IFLA_LINKINFO], IFLA_INFO_DATA);
    link->tap = number(in(tun, IFLA_TUN_TYPE), 0, 0) == 2; /* IFF_TAP */
    link->persist = number(in(tun, IFLA_TUN_PERSIST), 0, 1);
    link->multi_queue = number(in(tun, IFLA_TUN_MULTI_QUEUE), 0, 0);
    link->owner = number(in(tun, IFLA_TUN_OWNER), 0, LINK_NOBODY);
    link->group = number(in(tun, IFLA_TUN_GROUP), 0, LINK_NOBODY);
    link->queues = number(in(tun, IFLA_TUN_NUM_QUEUES), 0, 0) + number(in(tun, IFLA_TUN_NUM_DISABLED_QUEUES), 0, 0);
    return MNL_CB_OK;
}

int link_read(uint32_t index, const char *name, struct link *link) {
    int error;

    link->index = 0;
    begin(RTM_GETLINK, 0, index, 0);
    if (!index) put(IFLA_IFNAME, name, strlen(name) + 1);
    put(IFLA_EXT_MASK, &(uint32_t){RTEXT_FILTER_SKIP_STATS}, sizeof(uint32_t));
    error = exchange(take_link, link);
    return error ? error : link->index ? 0 : -ENODEV;
}

/* A setting of the link NAME below /sys or /proc, which no attribute has: written unless VALUE is NULL, and read. */
static int setting(const char *folder, const char *name, const char *setting_name, const char *value, char now[32]) {
    char path[96];
    ssize_t length;
    int file;

    snprintf(path, sizeof(path), "%s/%s/%s", folder, name, setting_name);
    file = open(path, (value ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    if (file < 0) return -errno;
    length = value && write(file, value, strlen(value)) < 0 ? -1 : pread(file, now, 31, 0);
    close(file);
    now[length > 0 ? length - 1 : 0] = 0; /* its newline */
    return length <= 0 ? -EIO : value && strcmp(now, value) ? -ESTALE : 0;
}

int link_pinned(const struct link *bridge, bool *pinned) {
    char address[32], type[32], wanted[WIRE_MAC_TEXT];
    int error = setting("/sys/class/net", bridge->name, "address", NULL, address);

    if (!error) error = setting("/sys/class/net", bridge->name, "addr_assign_type", NULL, type);
    if (error) return error;
    *pinned = !strcmp(type, "3"); /* NET_ADDR_SET, include/uapi/linux/netdevice.h */
    /* sysfs shows the network namespace it was mounted in: its bridge of this name may be another one */
    return strcmp(address, wire_mac_text(bridge->mac, wanted)) ? -EXDEV : 0;
}

int link_add_altname(uint32_t index, const char *name) {
    char list[NLA_HDRLEN + 128] = {0}; /* ALTIFNAMSIZ */
    struct nlattr header = {(uint16_t)(NLA_HDRLEN + strlen(name) + 1), IFLA_ALT_IFNAME};

    if (header.nla_len > sizeof(list)) return -EINVAL;
    memcpy(list, &header, NLA_HDRLEN);
    memcpy(list + NLA_HDRLEN, name, strlen(name));
    begin(RTM_NEWLINKPROP, NLM_F_CREATE | NLM_F_EXCL, index, 0);
    put(IFLA_PROP_LIST | NLA_F_NESTED, list, header.nla_len);
    return exchange(NULL, NULL);
}

int link_delete(uint32_t index) { return begin(RTM_DELLINK, 0, index, 0), exchange(NULL, NULL); }

static int set(uint32_t index, uint16_t attribute, const void *data, size_t size) {
    begin(RTM_SETLINK, 0, index, 0);
    put(attribute, data, size);
    return exchange(NULL, NULL);
}

/*
 * A port needs no IPv6 address.  Without a bridge the host's own stack hears the guest: no forwarding, no foreign
 * source, no weak host model, no router's word, and no IPv6 at all, which a host that forwards would route whatever its
 * device says (net/ipv6/ip6_output.c, ip6_forward(): devconf_all).
 */
static int set_host_side(const char *name, bool routed) {
    static const char ipv4[] = "/proc/sys/net/ipv4/conf", ipv6[] = "/proc/sys/net/ipv6/conf";
    bool has_ipv6 = !access(ipv6, F_OK);
    char now[32];
    int error = has_ipv6 ? setting(ipv6, name, "addr_gen_mode", "1", now) : 0; /* IN6_ADDR_GEN_MODE_NONE */

    if (!error && routed && has_ipv6) error = setting(ipv6, name, "accept_ra", "0", now);
    if (!error && routed && has_ipv6) error = setting(ipv6, name, "disable_ipv6", "1", now);
    if (!error && routed) error = setting(ipv4, name, "forwarding", "0", now);
    if (!error && routed) error = setting(ipv4, name, "rp_filter", "1", now);
    if (!error && routed) error = setting(ipv4, name, "arp_ignore", "2", now);
    return error;
}

int link_configure(const struct wire_device *to, const struct link *bridge, const char *alias) {
    struct link tap, joined = *bridge;
    int error = set_host_side(to->dev, !bridge->index); /* first: below an MTU of 1280 there is no IPv6 to set */

    if (!error) error = set(to->ifindex, IFLA_IFALIAS, alias, strlen(alias));
    if (!error) error = set(to->ifindex, IFLA_ADDRESS, to->host_mac, sizeof(to->host_mac));
    if (!error) error = set(to->ifindex, IFLA_MTU, &to->mtu, sizeof(to->mtu));
    /* the bridge last: all else holds when it is joined */
    if (!error && bridge->index) error = set(to->ifindex, IFLA_MASTER, &bridge->index, sizeof(bridge->index));
    if (!error) error = link_read(to->ifindex, NULL, &tap);
    if (!error && bridge->index) error = link_read(bridge->index, NULL, &joined);
    if (error) return error;
    if (strcmp(tap.alias, alias) || memcmp(tap.mac, to->host_mac, sizeof(tap.mac)) || tap.mtu != to->mtu ||
        tap.master != bridge->index || tap.up || joined.mtu != bridge->mtu) return -ESTALE;
    begin(RTM_SETLINK, 0, to->ifindex, IFF_UP);
    error = exchange(NULL, NULL);
    if (!error) error = link_read(to->ifindex, NULL, &tap);
    return error ? error : tap.up ? 0 : -ESTALE;
}
