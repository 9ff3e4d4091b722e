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

#include <libmnl/libmnl.h>

#define BIT(number) (UINT64_C(1) << ((number) & 63))
#define PORT(name) BIT(IFLA_BRPORT_##name)

static int kernel; /* the socket */
static bool overflow;
static uint32_t sequence;
static _Alignas(8) char question[1024]; /* far more than any of ours */
static _Alignas(8) char reply[32768];   /* a link with all its attributes: the kernel makes none larger */

int link_connect(void) {
    kernel = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (kernel < 0) return -errno;
    return connect(kernel, (const void *)&(struct sockaddr_nl){AF_NETLINK}, sizeof(struct sockaddr_nl)) ? -errno : 0;
}

static void begin(uint16_t type, uint16_t flags, const void *body, size_t size) {
    struct nlmsghdr *message = mnl_nlmsg_put_header(question);

    *message = (struct nlmsghdr){message->nlmsg_len, type, NLM_F_REQUEST | NLM_F_ACK | flags, ++sequence, 0};
    memcpy(mnl_nlmsg_put_extra_header(message, size), body, size);
    overflow = false;
}

/* A message about the link INDEX, of FAMILY AF_UNSPEC or, as a bridge's port, AF_BRIDGE; UP: IFF_UP, to set it up, or 0. */
static void begin_link(uint16_t type, uint16_t flags, uint8_t family, uint32_t index, unsigned up) {
    struct ifinfomsg body = {.ifi_family = family, .ifi_index = (int)index, .ifi_flags = up, .ifi_change = up};

    begin(type, flags, &body, sizeof(body));
}

static void put(uint16_t type, const void *data, size_t size) {
    overflow |= !mnl_attr_put_check((void *)question, sizeof(question), type, size, data);
}

/* Sends it and hears its answers, each shown to READ (may be NULL), up to the acknowledgement: 0, or the refusal. */
static int exchange(mnl_cb_t read, void *context) {
    const struct nlmsghdr *message = (void *)question;
    int more = MNL_CB_OK;
    ssize_t length;

    if (overflow || send(kernel, message, message->nlmsg_len, 0) < 0) return overflow ? -EMSGSIZE : -errno;
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

static void copy(void *to, size_t size, const struct nlattr *of) {
    if (of) memcpy(to, mnl_attr_get_payload(of), mnl_attr_get_payload_len(of) < size ? mnl_attr_get_payload_len(of) : size);
}

/* A number; in an array of settings (IFLA_INET6_CONF) the Nth. */
static uint32_t number(const struct nlattr *from, size_t n, uint32_t absent) {
    size_t size = from ? mnl_attr_get_payload_len(from) : 0;

    if (size == sizeof(uint8_t) || size == sizeof(uint16_t)) return size == 1 ? mnl_attr_get_u8(from) : mnl_attr_get_u16(from);
    if (size >= (n + 1) * sizeof(absent)) memcpy(&absent, (uint32_t *)mnl_attr_get_payload(from) + n, sizeof(absent));
    return absent;
}

static int take_link(const struct nlmsghdr *message, void *context) {
    const struct ifinfomsg *body = mnl_nlmsg_get_payload(message);
    const struct nlattr *top[IFLA_MAX + 1] = {0}, *attribute, *ipv6, *data, *port;
    struct link *link = context;

    mnl_attr_for_each(attribute, message, sizeof(*body))
        if (mnl_attr_get_type(attribute) <= IFLA_MAX) top[mnl_attr_get_type(attribute)] = attribute;
    ipv6 = in(in(top[IFLA_AF_SPEC], AF_INET6), IFLA_INET6_CONF);
    data = in(top[IFLA_LINKINFO], IFLA_INFO_DATA); /* of a bridge or of a tap, with numbers that overlap */
    port = in(top[IFLA_LINKINFO], IFLA_INFO_SLAVE_DATA);
    *link = (struct link){
        .index = (uint32_t)body->ifi_index, .mtu = number(top[IFLA_MTU], 0, 0), .master = number(top[IFLA_MASTER], 0, 0),
        .up = body->ifi_flags & IFF_UP, .vlan = {0, (uint16_t)number(in(data, IFLA_BR_VLAN_DEFAULT_PVID), 0, 0)},
        /* Documentation/networking/ip-sysctl.rst, accept_ra: 1 where the host does not forward, 2 always */
        .takes_ra = !number(ipv6, DEVCONF_DISABLE_IPV6, 0) &&
                    number(ipv6, DEVCONF_ACCEPT_RA, 0) > (number(ipv6, DEVCONF_FORWARDING, 0) != 0)};
    copy(link->name, sizeof(link->name) - 1, top[IFLA_IFNAME]);
    copy(link->alias, sizeof(link->alias) - 1, top[IFLA_IFALIAS]);
    copy(link->mac, sizeof(link->mac), top[IFLA_ADDRESS]);
    copy(link->kind, sizeof(link->kind) - 1, in(top[IFLA_LINKINFO], IFLA_INFO_KIND));
    if (port) mnl_attr_for_each_nested(attribute, port)
        link->port |= number(attribute, 0, 0) == 1 ? BIT(mnl_attr_get_type(attribute)) : 0;
    if (!data || strcmp(link->kind, "tun")) return MNL_CB_OK;
    memset(link->tun, 0xff, sizeof(link->tun));
    mnl_attr_for_each_nested(attribute, data) if (mnl_attr_get_type(attribute) <= IFLA_TUN_MAX)
        link->tun[mnl_attr_get_type(attribute)] = number(attribute, 0, UINT32_MAX);
    return MNL_CB_OK;
}

int link_read(uint32_t index, const char *name, struct link *link) {
    begin_link(RTM_GETLINK, 0, AF_UNSPEC, index, 0);
    if (name) put(IFLA_IFNAME, name, strlen(name) + 1);
    *link = (struct link){0};
    return exchange(take_link, link);
}

/* A link's setting below /sys or /proc, which no attribute has: written if ACCESS is O_RDWR.  -ESTALE: it is not VALUE. */
static int setting(int access, const char *folder, const char *link, const char *name, const char *value) {
    char path[96], now[32] = {0};
    ssize_t length;
    int file;

    snprintf(path, sizeof(path), "%s/%s/%s", folder, link, name);
    file = open(path, access | O_CLOEXEC);
    if (file < 0) return -errno;
    length = access == O_RDWR && write(file, value, strlen(value)) < 0 ? -1 : pread(file, now, sizeof(now) - 1, 0);
    close(file);
    return length <= 0 ? -EIO : (size_t)length != strlen(value) + 1 || strncmp(now, value, strlen(value)) ? -ESTALE : 0;
}

int link_pinned(const struct link *bridge) {
    char address[WIRE_MAC_TEXT];
    /* sysfs shows the network namespace it was mounted in: its bridge of this name may be another one */
    int error = setting(O_RDONLY, "/sys/class/net", bridge->name, "address", wire_mac_text(bridge->mac, address));

    if (error) return error == -ESTALE ? -EXDEV : error;
    return setting(O_RDONLY, "/sys/class/net", bridge->name, "addr_assign_type", "3"); /* NET_ADDR_SET, linux/netdevice.h */
}

int link_add_altname(uint32_t index, const char *name) {
    struct nlattr *list;

    begin_link(RTM_NEWLINKPROP, NLM_F_CREATE | NLM_F_EXCL, AF_UNSPEC, index, 0);
    list = mnl_attr_nest_start((void *)question, IFLA_PROP_LIST);
    put(IFLA_ALT_IFNAME, name, strlen(name) + 1);
    mnl_attr_nest_end((void *)question, list);
    return exchange(NULL, NULL);
}

int link_delete(uint32_t index) { return begin_link(RTM_DELLINK, 0, AF_UNSPEC, index, 0), exchange(NULL, NULL); }

/*
 * A port needs no IPv6: no address, and none of the reports (MLD) that a host which forwards sends from any.  Without a
 * bridge the host's own stack hears the guest: no forwarding, no foreign source, no weak host model, no router's word, and
 * no IPv6 either, which a host that forwards would route whatever its device says (net/ipv6/ip6_output.c, ip6_forward():
 * devconf_all).
 */
static int set_host_side(const char *name, bool routed) {
    static const char ipv4[] = "/proc/sys/net/ipv4/conf", ipv6[] = "/proc/sys/net/ipv6/conf";
    int error = setting(O_RDWR, ipv6, name, "addr_gen_mode", "1"); /* IN6_ADDR_GEN_MODE_NONE */

    if (!error && routed) error = setting(O_RDWR, ipv6, name, "accept_ra", "0");
    if (!error) error = setting(O_RDWR, ipv6, name, "disable_ipv6", "1");
    if (error == -ENOENT && access(ipv6, F_OK) && errno == ENOENT) error = 0; /* the kernel has no IPv6 */
    if (!error && routed) error = setting(O_RDWR, ipv4, name, "forwarding", "0");
    if (!error && routed) error = setting(O_RDWR, ipv4, name, "rp_filter", "1");
    return error || !routed ? error : setting(O_RDWR, ipv4, name, "arp_ignore", "2");
}

int link_set_host_side(const char *name) {
    return set_host_side(name, true);
}

/* What a port may do for its guest and against others.  A new port's other settings stay the kernel's. */
const uint64_t link_port_settings = PORT(MODE) | PORT(GUARD) | PORT(PROTECT) | PORT(FAST_LEAVE) | PORT(LEARNING) |
                                    PORT(PROXYARP) | PORT(PROXYARP_WIFI) | PORT(ISOLATED) | PORT(LOCKED);

uint64_t link_port_as_made(bool lock, bool isolate) {
    uint64_t port = PORT(GUARD) | PORT(PROTECT);

    port |= lock ? PORT(LOCKED) : PORT(LEARNING);
    port |= isolate ? PORT(ISOLATED) : 0;
    return port;
}

int link_set_port(uint32_t index, uint64_t wanted) {
    struct nlattr *list;

    begin_link(RTM_SETLINK, 0, AF_BRIDGE, index, 0);
    list = mnl_attr_nest_start((void *)question, IFLA_PROTINFO);
    for (uint16_t type = 0; type < 64; type++) {
        if (link_port_settings & BIT(type)) put(type, &(uint8_t){!!(wanted & BIT(type))}, 1);
    }
    mnl_attr_nest_end((void *)question, list);
    return exchange(NULL, NULL);
}

static int take_entry(const struct nlmsghdr *message, void *entry) {
    return memcpy(entry, mnl_nlmsg_get_payload(message), sizeof(struct ndmsg)), MNL_CB_OK;
}

/*
 * Makes or deletes (RTM_NEWNEIGH, RTM_DELNEIGH: of the port INDEX) or reads into FOUND (RTM_GETNEIGH: of the bridge INDEX)
 * the entry for MAC in a bridge's forwarding table, in VLAN.  0: in none; made it is in each of the port's as well
 * (net/bridge/br_fdb.c, br_fdb_add).  Static and sticky: another port can neither learn it nor take it by sending; and
 * new, because without NLM_F_EXCL it would be taken from whoever has it.
 */
static int entry(uint16_t type, uint32_t index, const uint8_t mac[6], uint16_t vlan, struct ndmsg *found) {
    bool make = type == RTM_NEWNEIGH;
    struct ndmsg body = {.ndm_family = AF_BRIDGE, .ndm_ifindex = (int)index, .ndm_state = make ? NUD_NOARP : 0,
                         .ndm_flags = make ? NTF_MASTER | NTF_STICKY : type == RTM_GETNEIGH ? NTF_SELF : NTF_MASTER};

    begin(type, make ? NLM_F_CREATE | NLM_F_EXCL : 0, &body, sizeof(body));
    put(NDA_LLADDR, mac, 6);
    if (vlan) put(NDA_VLAN, &vlan, sizeof(vlan));
    return exchange(take_entry, found);
}

/*
 * Is MAC free on the bridge?  For PORT, whose guest is to be locked to it, what another port merely learned gives way.  As a
 * tap's own address (PORT 0) it may only be another tap's own: the kernel would take it from a guest, also a locked one
 * (br_fdb_add_local).
 */
static int vacate(const struct link *bridge, const uint8_t mac[6], uint32_t port) {
    struct ndmsg found = {0};
    int error = 0;

    for (int i = 0; (!error || error == -ENOENT) && i <= !!bridge->vlan[1]; i++) {
        error = entry(RTM_GETNEIGH, bridge->index, mac, bridge->vlan[i], &found);
        if (!error && !port && !(found.ndm_state & NUD_PERMANENT)) return -EADDRNOTAVAIL;
        if (!error && port && (found.ndm_state & NUD_PERMANENT || found.ndm_flags & NTF_EXT_LEARNED ||
                               (found.ndm_state & NUD_NOARP && found.ndm_ifindex != (int)port))) return -EADDRINUSE;
        if (!error && port) error = entry(RTM_DELNEIGH, (uint32_t)found.ndm_ifindex, mac, bridge->vlan[i], NULL);
    }
    return error == -ENOENT ? 0 : error;
}

/* Tried once more, after what was learned is gone: what is learned again in between is not ours. */
static int claim_mac(uint32_t port, const uint8_t mac[6], const struct link *bridge) {
    struct ndmsg found = {0};
    int error = entry(RTM_NEWNEIGH, port, mac, 0, NULL);

    if (error == -EEXIST && !(error = vacate(bridge, mac, port))) error = entry(RTM_NEWNEIGH, port, mac, 0, NULL);
    for (int i = 0; !error && i <= !!bridge->vlan[1]; i++)
        if (entry(RTM_GETNEIGH, bridge->index, mac, bridge->vlan[i], &found) || found.ndm_ifindex != (int)port ||
            found.ndm_state != NUD_NOARP || !(found.ndm_flags & NTF_STICKY)) error = -ESTALE;
    return error == -EEXIST ? -EADDRINUSE : error;
}

int link_configure(const struct wire_device *to, const struct link *bridge, const char *alias, bool lock_mac, bool isolate) {
    uint64_t port = link_port_as_made(lock_mac, isolate);
    int error = set_host_side(to->dev, !bridge->index); /* first: below an MTU of 1280 there is no IPv6 to set */
    struct link tap, joined = *bridge;

    if (!error && bridge->index) error = vacate(bridge, to->host_mac, 0);
    /* in one message: address and MTU come before the bridge, whose own follow its ports' (net/core/rtnetlink.c, do_setlink) */
    begin_link(RTM_SETLINK, 0, AF_UNSPEC, to->ifindex, 0);
    put(IFLA_IFALIAS, alias, strlen(alias));
    put(IFLA_ADDRESS, to->host_mac, sizeof(to->host_mac));
    put(IFLA_MTU, &to->mtu, sizeof(to->mtu));
    put(IFLA_MASTER, &bridge->index, sizeof(bridge->index));
    if (!error) error = exchange(NULL, NULL);
    if (!error && bridge->index) error = link_set_port(to->ifindex, port);
    if (!error && lock_mac) error = claim_mac(to->ifindex, to->guest_mac, bridge);
    if (!error) error = link_read(to->ifindex, NULL, &tap);
    /* a port of the bridge's own MTU cannot move it */
    if (!error && bridge->index && to->mtu != bridge->mtu) error = link_read(bridge->index, NULL, &joined);
    if (error) return error;
    if (strcmp(tap.alias, alias) || memcmp(tap.mac, to->host_mac, 6) || tap.mtu != to->mtu || tap.master != bridge->index ||
        tap.up || joined.mtu != bridge->mtu || (bridge->index && (tap.port & link_port_settings) != port) ||
        (to->queues > 1 && tap.tun[IFLA_TUN_NUM_QUEUES] != to->queues) /* the further ones are its own */) return -ESTALE;
    begin_link(RTM_SETLINK, 0, AF_UNSPEC, to->ifindex, IFF_UP);
    error = exchange(NULL, NULL);
    if (!error) error = link_read(to->ifindex, NULL, &tap);
    return error ? error : tap.up ? 0 : -ESTALE;
}
