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
#include "helper/link/link.h"

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

/*
 * The kernel marks a list of links that changes while it is told, and libmnl takes the mark for an error.  Any user's new tap
 * would do that, and what a list was asked for here is there all the same.
 */
static void drop_interruption_marks(size_t length) {
    struct nlmsghdr *message = (void *)reply;
    int left = (int)length;

    while (mnl_nlmsg_ok(message, left)) {
        message->nlmsg_flags &= (uint16_t)~NLM_F_DUMP_INTR;
        message = mnl_nlmsg_next(message, &left);
    }
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
        drop_interruption_marks((size_t)length);
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

/* IFLA_AF_SPEC.  IPv4's array of settings begins with number 1, IPv6's with number 0. */
static void take_stack(const struct nlattr *families, struct link_stack *stack) {
    const struct nlattr *ipv4 = in(in(families, AF_INET), IFLA_INET_CONF);
    const struct nlattr *ipv6 = in(families, AF_INET6);
    const struct nlattr *settings = in(ipv6, IFLA_INET6_CONF);

    stack->forwarding = number(ipv4, IPV4_DEVCONF_FORWARDING - 1, UINT32_MAX);
    stack->rp_filter = number(ipv4, IPV4_DEVCONF_RP_FILTER - 1, UINT32_MAX);
    stack->arp_ignore = number(ipv4, IPV4_DEVCONF_ARP_IGNORE - 1, UINT32_MAX);
    stack->accept_ra = number(settings, DEVCONF_ACCEPT_RA, UINT32_MAX);
    stack->disable_ipv6 = number(settings, DEVCONF_DISABLE_IPV6, UINT32_MAX);
    stack->addr_gen_mode = number(in(ipv6, IFLA_INET6_ADDR_GEN_MODE), 0, UINT32_MAX);
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
    take_stack(top[IFLA_AF_SPEC], &link->stack);
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

struct port_search {
    uint32_t bridge;
    uint32_t mtu;
};

static int take_port_mtu(const struct nlmsghdr *message, void *context) {
    struct port_search *search = context;
    struct link port;
    int result = take_link(message, &port);

    if (port.master != search->bridge || !strcmp(port.kind, "tun")) {
        return result;
    }
    if (!search->mtu || port.mtu < search->mtu) {
        search->mtu = port.mtu;
    }
    return result;
}

int link_port_mtu(uint32_t bridge, uint32_t *mtu) {
    struct port_search search = {.bridge = bridge};
    int error;

    begin_link(RTM_GETLINK, NLM_F_DUMP, AF_UNSPEC, 0, 0);
    put(IFLA_MASTER, &bridge, sizeof(bridge)); /* so that only its ports are told: net/core/rtnetlink.c, link_master_filtered() */
    error = exchange(take_port_mtu, &search);
    *mtu = error ? 0 : search.mtu;
    return error;
}

/* A link's setting below /sys, which no attribute has.  -ESTALE: it is not VALUE. */
static int check_setting(const char *link, const char *name, const char *value) {
    char path[96];
    char now[32] = {0};
    ssize_t length;
    int file;

    snprintf(path, sizeof(path), "/sys/class/net/%s/%s", link, name);
    file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return -errno;
    }
    length = pread(file, now, sizeof(now) - 1, 0);
    close(file);
    if (length <= 0) {
        return -EIO;
    }
    /* with the end of its line */
    return (size_t)length == strlen(value) + 1 && !strncmp(now, value, strlen(value)) ? 0 : -ESTALE;
}

int link_pinned(const struct link *bridge) {
    char address[WIRE_MAC_TEXT];
    /* sysfs shows the network namespace it was mounted in: its bridge of this name may be another one */
    int error = check_setting(bridge->name, "address", wire_mac_text(bridge->mac, address));

    if (error) return error == -ESTALE ? -EXDEV : error;
    return check_setting(bridge->name, "addr_assign_type", "3"); /* NET_ADDR_SET, linux/netdevice.h */
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

#define IPV6_SETTINGS "/proc/sys/net/ipv6/conf"

/*
 * What the host's own stack does on every tap, on a port too: a port can lose its bridge (ip link del BRIDGE), and then the
 * host hears its guest.  No forwarding, no source that is reached by another link, no answer for the host's other addresses,
 * no router's word, no address.  And no IPv6: a host that forwards it would do so for the guest, whatever else the link's own
 * settings say (net/ipv6/ip6_output.c, ip6_forward(): devconf_all).
 */
static const struct link_stack stack_of_taps = {.forwarding = 0, .rp_filter = 1, .arp_ignore = 2, .accept_ra = 0,
                                                .disable_ipv6 = 1, .addr_gen_mode = IN6_ADDR_GEN_MODE_NONE};

static int write_ipv6_setting(const char *link, const char *name, const char *value) {
    char path[96];
    ssize_t written;
    int error = 0;
    int file;

    snprintf(path, sizeof(path), IPV6_SETTINGS "/%s/%s", link, name);
    file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) {
        return -errno;
    }
    written = write(file, value, strlen(value));
    if (written < 0) {
        error = -errno;
    }
    close(file);
    return error;
}

static bool kernel_has_ipv6(void) {
    return !access(IPV6_SETTINGS, F_OK) || errno != ENOENT;
}

/*
 * What no message takes (net/ipv6/addrconf.c, inet6_set_link_af()).  WANTED is what link_read() then has to say; of a kernel
 * without IPv6 that the link has no such settings.
 */
static int switch_ipv6_off(const char *link, struct link_stack *wanted) {
    int error = write_ipv6_setting(link, "accept_ra", "0");

    if (error == -ENOENT && !kernel_has_ipv6()) {
        wanted->accept_ra = UINT32_MAX;
        wanted->disable_ipv6 = UINT32_MAX;
        wanted->addr_gen_mode = UINT32_MAX;
        return 0;
    }
    if (error) {
        return error;
    }
    return write_ipv6_setting(link, "disable_ipv6", "1");
}

/* Adds the other settings to the message.  In one, because each by its file takes 20 us: open, write, close. */
static void put_stack(const struct link_stack *wanted) {
    struct nlmsghdr *message = (void *)question;
    struct nlattr *families = mnl_attr_nest_start(message, IFLA_AF_SPEC);
    struct nlattr *family = mnl_attr_nest_start(message, AF_INET);
    struct nlattr *settings = mnl_attr_nest_start(message, IFLA_INET_CONF);
    uint8_t mode = (uint8_t)wanted->addr_gen_mode;

    put(IPV4_DEVCONF_FORWARDING, &wanted->forwarding, sizeof(wanted->forwarding));
    put(IPV4_DEVCONF_RP_FILTER, &wanted->rp_filter, sizeof(wanted->rp_filter));
    put(IPV4_DEVCONF_ARP_IGNORE, &wanted->arp_ignore, sizeof(wanted->arp_ignore));
    mnl_attr_nest_end(message, settings);
    mnl_attr_nest_end(message, family);
    if (wanted->addr_gen_mode != UINT32_MAX) {
        family = mnl_attr_nest_start(message, AF_INET6);
        put(IFLA_INET6_ADDR_GEN_MODE, &mode, sizeof(mode));
        mnl_attr_nest_end(message, family);
    }
    mnl_attr_nest_end(message, families);
}

int link_set_host_side(const char *name) {
    struct link_stack stack = stack_of_taps;
    struct link tap;
    int error = switch_ipv6_off(name, &stack);

    if (error) {
        return error;
    }
    begin_link(RTM_SETLINK, 0, AF_UNSPEC, 0, 0);
    put(IFLA_IFNAME, name, strlen(name) + 1); /* index 0: the link of this name */
    put_stack(&stack);
    error = exchange(NULL, NULL);
    if (error) {
        return error;
    }
    error = link_read(0, name, &tap);
    if (error) {
        return error;
    }
    return memcmp(&tap.stack, &stack, sizeof(stack)) ? -ESTALE : 0;
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

/*
 * All that the tap is beside its port's flags, in one message: address and MTU come before the bridge, whose own follow its
 * ports' (net/core/rtnetlink.c, do_setlink()).
 */
static int set_link(const struct wire_device *to, uint32_t bridge, const char *alias, const struct link_stack *stack) {
    begin_link(RTM_SETLINK, 0, AF_UNSPEC, to->ifindex, 0);
    put(IFLA_IFALIAS, alias, strlen(alias));
    put(IFLA_ADDRESS, to->host_mac, sizeof(to->host_mac));
    put(IFLA_MTU, &to->mtu, sizeof(to->mtu));
    put(IFLA_MASTER, &bridge, sizeof(bridge));
    put_stack(stack);
    return exchange(NULL, NULL);
}

/* As a port of BRIDGE, whose MTU is to be what it was.  A port of the bridge's own MTU cannot move it. */
static int check_bridge(const struct wire_device *to, const struct link *bridge) {
    struct link now;
    int error;

    if (to->mtu == bridge->mtu) {
        return 0;
    }
    error = link_read(bridge->index, NULL, &now);
    if (error) {
        return error;
    }
    return now.mtu == bridge->mtu ? 0 : -ESTALE;
}

/* Is TAP what it was made to be, and down? */
static bool is_made(const struct link *tap, const struct wire_device *to, uint32_t bridge, const char *alias,
                    const struct link_stack *stack) {
    if (tap->up || tap->mtu != to->mtu || tap->master != bridge || strcmp(tap->alias, alias)) {
        return false;
    }
    /* the further queues are its own */
    if (to->queues > 1 && tap->tun[IFLA_TUN_NUM_QUEUES] != to->queues) {
        return false;
    }
    return !memcmp(tap->mac, to->host_mac, sizeof(tap->mac)) && !memcmp(&tap->stack, stack, sizeof(*stack));
}

static int join(const struct wire_device *to, const struct link *bridge, uint64_t port, bool lock_mac) {
    int error = link_set_port(to->ifindex, port);

    if (error) {
        return error;
    }
    if (lock_mac) {
        error = claim_mac(to->ifindex, to->guest_mac, bridge);
    }
    if (error) {
        return error;
    }
    return check_bridge(to, bridge);
}

static int set_up(uint32_t index) {
    struct link tap;
    int error;

    begin_link(RTM_SETLINK, 0, AF_UNSPEC, index, IFF_UP);
    error = exchange(NULL, NULL);
    if (error) {
        return error;
    }
    error = link_read(index, NULL, &tap);
    if (error) {
        return error;
    }
    return tap.up ? 0 : -ESTALE;
}

int link_configure(const struct wire_device *to, const struct link *bridge, const char *alias, bool lock_mac, bool isolate) {
    struct link_stack stack = stack_of_taps;
    uint64_t port = link_port_as_made(lock_mac, isolate);
    struct link tap;
    int error;

    if (to->mtu < WIRE_MTU_IPV6) {
        return -ERANGE;
    }
    error = switch_ipv6_off(to->dev, &stack);
    if (error) {
        return error;
    }
    if (bridge->index) {
        error = vacate(bridge, to->host_mac, 0);
    }
    if (error) {
        return error;
    }
    error = set_link(to, bridge->index, alias, &stack);
    if (error) {
        return error;
    }
    if (bridge->index || lock_mac) { /* the kernel refuses a lock without a bridge */
        error = join(to, bridge, port, lock_mac);
    }
    if (error) {
        return error;
    }
    error = link_read(to->ifindex, NULL, &tap);
    if (error) {
        return error;
    }
    if (!is_made(&tap, to, bridge->index, alias, &stack) || (bridge->index && (tap.port & link_port_settings) != port)) {
        return -ESTALE;
    }
    return set_up(to->ifindex);
}
