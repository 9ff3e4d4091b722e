// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The kernel's links in one dump, because a question for each of a thousand would take longer than all that is changed.
 * helper/link/port.c has its own, smaller reading of one link, without heap.
 */
#include "conf/definitions/definitions.h"
#include "apply/links/netlink.h"
#include "apply/links/links.h"
#include "wire/names.h"

#include <linux/neighbour.h>

#define DUMPS 500     /* a dump during which links came or went is asked for again: */
#define PAUSE_MS 20   /* after so long at the most, for a run beside this one may be at it for seconds */

/* linux/if.h, which does not go with net/if.h */
#define IF_OPER_UNKNOWN 0
#define IF_OPER_DORMANT 5
#define IF_OPER_UP 6
#define IF_LINK_MODE_DEFAULT 0
#define IF_LINK_MODE_DORMANT 1

static struct mnl_socket *kernel;
static unsigned sequence;
static _Alignas(8) char question[1024], reply[65536];

int taps_connect(void) {
    if (kernel) mnl_socket_close(kernel);
    kernel = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
    return !kernel || mnl_socket_bind(kernel, 0, MNL_SOCKET_AUTOPID) ? -errno : 0;
}

struct nlmsghdr *taps_begin(uint16_t type, uint16_t flags, const void *body, size_t size) {
    struct nlmsghdr *message = mnl_nlmsg_put_header(question);

    message->nlmsg_type = type;
    message->nlmsg_flags = NLM_F_REQUEST | flags;
    message->nlmsg_seq = ++sequence;
    memcpy(mnl_nlmsg_put_extra_header(message, size), body, size);
    return message;
}

int taps_exchange(const struct nlmsghdr *message, mnl_cb_t read, void *context) {
    int more = MNL_CB_OK;
    ssize_t length;

    if (mnl_socket_sendto(kernel, message, message->nlmsg_len) < 0) return -errno;
    while (more == MNL_CB_OK) {
        length = mnl_socket_recvfrom(kernel, reply, sizeof(reply));
        if (length < 0) return -errno;
        more = mnl_cb_run(reply, (size_t)length, message->nlmsg_seq, mnl_socket_get_portid(kernel), read, context);
    }
    return more < 0 ? -errno : 0;
}

/* The attribute TYPE in the nest, which may be NULL. */
static const struct nlattr *in(const struct nlattr *nest, uint16_t type) {
    const struct nlattr *attribute, *found = NULL;

    if (nest) mnl_attr_for_each_nested(attribute, nest) if (mnl_attr_get_type(attribute) == type) found = attribute;
    return found;
}

static uint32_t number(const struct nlattr *from, uint32_t absent) {
    size_t size = from ? mnl_attr_get_payload_len(from) : 0;

    return size == sizeof(uint8_t) ? mnl_attr_get_u8(from) : size == sizeof(uint32_t) ? mnl_attr_get_u32(from) : absent;
}

/* Below an MTU of 1280 a device has no IPv6, nor settings for it. */
static bool has_ipv6(const struct nlattr *settings) {
    uint32_t disabled = 1;

    if (settings && mnl_attr_get_payload_len(settings) >= (DEVCONF_DISABLE_IPV6 + 1) * sizeof(disabled))
        memcpy(&disabled, (uint32_t *)mnl_attr_get_payload(settings) + DEVCONF_DISABLE_IPV6, sizeof(disabled));
    return !disabled;
}

static void text(const struct nlattr *from, char *to, size_t size) {
    if (from) snprintf(to, size, "%.*s", (int)mnl_attr_get_payload_len(from), mnl_attr_get_str(from));
}

/* Room for one more of SIZE bytes behind the last of COUNT. */
static void *grow(void *array, size_t count, size_t *room, size_t size) {
    if (count < *room) return array;
    *room = *room * 2 + 64;
    return reallocarray(array, *room, size);
}

/* Listening and learning (net/bridge/br_stp.c); the delay is in hundredths of a second. */
static uint32_t listening_seconds(const struct nlattr *bridge) {
    if (!number(in(bridge, IFLA_BR_STP_STATE), 0)) {
        return 0;
    }
    return 2 * number(in(bridge, IFLA_BR_FORWARD_DELAY), 0) / 100;
}

static bool is_operational(const struct nlattr *state) {
    uint32_t now = number(state, IF_OPER_UNKNOWN);

    return now == IF_OPER_UP || now == IF_OPER_UNKNOWN;
}

static int take_link(const struct nlmsghdr *message, void *context) {
    const struct ifinfomsg *body = mnl_nlmsg_get_payload(message);
    const struct nlattr *top[IFLA_MAX + 1] = {0}, *attribute, *data, *port;
    struct tap tap = {
        .index = (uint32_t)body->ifi_index, .type = body->ifi_type, .up = body->ifi_flags & IFF_UP};
    struct taps *taps = context;
    char kind[16] = "", alias[TAPS_ALIAS] = "";
    void *more = grow(taps->tap, taps->count, &taps->room, sizeof(tap));

    if (!more) return MNL_CB_ERROR;
    taps->tap = more;
    mnl_attr_for_each(attribute, message, sizeof(*body)) if (mnl_attr_get_type(attribute) <= IFLA_MAX)
        top[mnl_attr_get_type(attribute)] = attribute;
    text(top[IFLA_IFNAME], tap.name, sizeof(tap.name));
    text(top[IFLA_IFALIAS], alias, sizeof(alias));
    interface_printable(alias, tap.alias, sizeof(tap.alias)); /* it may have any bytes; no tag of ours has such */
    text(in(top[IFLA_LINKINFO], IFLA_INFO_KIND), kind, sizeof(kind));
    tap.mtu = number(top[IFLA_MTU], 0);
    tap.master = number(top[IFLA_MASTER], 0);
    tap.group = number(top[IFLA_GROUP], 0);
    tap.carrier = number(top[IFLA_CARRIER], 1);
    tap.paused = number(top[IFLA_LINKMODE], IF_LINK_MODE_DEFAULT) == IF_LINK_MODE_DORMANT;
    tap.is_operational = is_operational(top[IFLA_OPERSTATE]);
    if (top[IFLA_ADDRESS] && mnl_attr_get_payload_len(top[IFLA_ADDRESS]) == sizeof(tap.mac))
        memcpy(tap.mac, mnl_attr_get_payload(top[IFLA_ADDRESS]), sizeof(tap.mac));
    if (!strcmp(kind, "bridge")) {
        tap.listens = listening_seconds(in(top[IFLA_LINKINFO], IFLA_INFO_DATA));
    }
    data = strcmp(kind, "tun") ? NULL : in(top[IFLA_LINKINFO], IFLA_INFO_DATA);
    for (uint16_t type = 1; data && type <= IFLA_TUN_MAX; type++) tap.tun[type] = number(in(data, type), UINT32_MAX);
    tap.ipv6 = has_ipv6(in(in(top[IFLA_AF_SPEC], AF_INET6), IFLA_INET6_CONF));
    tap.is_tap = data && tap.tun[IFLA_TUN_TYPE] == IFF_TAP;
    port = in(top[IFLA_LINKINFO], IFLA_INFO_SLAVE_DATA);
    if (port) mnl_attr_for_each_nested(attribute, port) if (mnl_attr_get_type(attribute) < 64)
        tap.port |= (uint64_t)(number(attribute, 0) == 1) << mnl_attr_get_type(attribute);
    taps->tap[taps->count++] = tap;
    return MNL_CB_OK;
}

static int take_entry(const struct nlmsghdr *message, void *context) {
    const struct ndmsg *body = mnl_nlmsg_get_payload(message);
    const struct nlattr *attribute;
    struct taps *taps = context;
    struct tie tie = {.index = (uint32_t)body->ndm_ifindex,
                      .is_sticky = body->ndm_flags & NTF_STICKY};
    void *more;

    if (body->ndm_state != NUD_NOARP && !(body->ndm_flags & NTF_EXT_LEARNED)) return MNL_CB_OK;
    mnl_attr_for_each(attribute, message, sizeof(*body)) {
        if (mnl_attr_get_type(attribute) == NDA_VLAN) tie.vlan = mnl_attr_get_u16(attribute);
        if (mnl_attr_get_type(attribute) == NDA_LLADDR && mnl_attr_get_payload_len(attribute) == sizeof(tie.mac))
            memcpy(tie.mac, mnl_attr_get_payload(attribute), sizeof(tie.mac));
    }
    more = grow(taps->tie, taps->tie_count, &taps->tie_room, sizeof(tie));
    if (!more) return MNL_CB_ERROR;
    taps->tie = more;
    taps->tie[taps->tie_count++] = tie;
    return MNL_CB_OK;
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct tap *)a)->name, ((const struct tap *)b)->name);
}

static int by_index(const void *a, const void *b) {
    const struct tie *left = a, *right = b;

    return (left->index > right->index) - (left->index < right->index);
}

void taps_free(struct taps *taps) {
    free(taps->tap);
    free(taps->tie);
    *taps = (struct taps){0};
}

int taps_read(struct taps *taps) {
    struct nlmsghdr *message;
    int error = -EINTR;

    /* EINTR: links came or went meanwhile, and one may be missing (NLM_F_DUMP_INTR) */
    for (int i = 0; error == -EINTR && i < DUMPS; i++) {
        taps_free(taps);
        if (i && taps_connect()) return -errno; /* the rest of the interrupted dump would be the next answer */
        if (i) usleep((i < PAUSE_MS ? (useconds_t)i : PAUSE_MS) * 1000);
        message = taps_begin(RTM_GETLINK, NLM_F_DUMP, &(struct ifinfomsg){0}, sizeof(struct ifinfomsg));
        mnl_attr_put_u32(message, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
        error = taps_exchange(message, take_link, taps);
        if (error) continue;
        message = taps_begin(RTM_GETNEIGH, NLM_F_DUMP, &(struct ndmsg){.ndm_family = AF_BRIDGE}, sizeof(struct ndmsg));
        error = taps_exchange(message, take_entry, taps);
    }
    if (taps->count) qsort(taps->tap, taps->count, sizeof(*taps->tap), by_name);
    if (taps->tie_count) qsort(taps->tie, taps->tie_count, sizeof(*taps->tie), by_index);
    return error;
}

int tap_read(uint32_t index, struct tap *tap) {
    struct ifinfomsg body = {.ifi_index = (int)index};
    struct nlmsghdr *message = taps_begin(RTM_GETLINK, NLM_F_ACK, &body, sizeof(body));
    struct taps one = {0};
    int error;

    mnl_attr_put_u32(message, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
    error = taps_exchange(message, take_link, &one);
    if (!error && one.count != 1) {
        error = -ENODEV;
    }
    if (!error) {
        *tap = one.tap[0];
    }
    taps_free(&one);
    return error;
}

const struct tap *taps_find(const struct taps *taps, const char *name) {
    struct tap wanted;

    snprintf(wanted.name, sizeof(wanted.name), "%s", name);
    return taps->count && strlen(name) < WIRE_NAME ? bsearch(&wanted, taps->tap, taps->count, sizeof(wanted), by_name) : NULL;
}

const struct tap *taps_at(const struct taps *taps, uint32_t index) {
    for (size_t i = 0; i < taps->count; i++)
        if (taps->tap[i].index == index) return &taps->tap[i];
    return NULL;
}

size_t taps_ports(const struct taps *taps, uint32_t bridge) {
    size_t ports = 0;

    for (size_t i = 0; i < taps->count; i++) {
        ports += taps->tap[i].master == bridge;
    }
    return ports;
}

/* The first entry of the port that does not age, or NULL. */
static const struct tie *first_tie(const struct taps *taps, uint32_t index) {
    const struct tie *tie =
        taps->tie_count ? bsearch(&(struct tie){.index = index}, taps->tie, taps->tie_count, sizeof(*tie), by_index) : NULL;

    while (tie && tie > taps->tie && tie[-1].index == index) tie--;
    return tie;
}

const uint8_t *taps_tie(const struct taps *taps, uint32_t index) {
    const struct tie *tie = first_tie(taps, index), *end = taps->tie + taps->tie_count;

    while (tie && tie < end && tie->index == index && !tie->is_sticky) {
        tie++;
    }
    return tie && tie < end && tie->index == index ? tie->mac : NULL;
}

bool taps_tied(const struct taps *taps, uint32_t index, const uint8_t mac[6], uint16_t vlan) {
    const struct tie *tie = first_tie(taps, index), *end = taps->tie + taps->tie_count;
    bool plain = false, tagged = !vlan;

    for (; tie && tie < end && tie->index == index; tie++) {
        if (!tie->is_sticky) {
            continue;
        }
        if (memcmp(tie->mac, mac, 6)) return false;
        plain |= !tie->vlan;
        tagged |= tie->vlan == vlan;
    }
    return plain && tagged;
}

const char *tap_label(const struct tap *tap) {
    if (!tap->is_tap || strncmp(tap->alias, NAMES_DECLARED, strlen(NAMES_DECLARED))) {
        return NULL;
    }
    return tap->alias + strlen(NAMES_DECLARED);
}

bool tap_granted(const struct tap *tap) {
    return tap->is_tap && !strncmp(tap->alias, NAMES_GRANTED, strlen(NAMES_GRANTED)) && strstr(tap->alias, " rule=");
}

bool tap_persists(const struct tap *tap) { return tap->tun[IFLA_TUN_PERSIST] == 1; }

static uint32_t count_queues(const struct tap *tap) {
    return tap->tun[IFLA_TUN_NUM_QUEUES] + tap->tun[IFLA_TUN_NUM_DISABLED_QUEUES];
}

bool tap_in_use(const struct tap *tap) {
    if (tap->tun[IFLA_TUN_MULTI_QUEUE] != 1) return tap->carrier;
    return count_queues(tap) > 0;
}

bool tap_runs(const struct tap *tap) {
    return tap->up && (!tap->paused || tap->is_operational);
}

bool tap_has_room(const struct tap *tap) {
    return tap->tun[IFLA_TUN_MULTI_QUEUE] == 1 && count_queues(tap) < TAP_QUEUES;
}

int tap_attach(const struct tap *tap) {
    /*
     * IFF_NO_CARRIER takes the carrier away where there is one (drivers/net/tun.c, tun_set_iff()).
     * Without IFF_NOFILTER the kernel would read a filter that an earlier holder set, at its address,
     * from our memory (tun_attach()).
     */
    int flags = IFF_TAP | IFF_NOFILTER | (tap->carrier ? 0 : IFF_NO_CARRIER) | (tap->tun[IFLA_TUN_PI] == 1 ? 0 : IFF_NO_PI) |
                (tap->tun[IFLA_TUN_VNET_HDR] == 1 ? IFF_VNET_HDR : 0) |
                (tap->tun[IFLA_TUN_MULTI_QUEUE] == 1 ? IFF_MULTI_QUEUE : 0);
    struct ifreq request = {.ifr_flags = (short)flags};
    unsigned loopback = 1; /* the index of a device that there is: with it a queue attaches, and makes none */
    int queue = open("/dev/net/tun", O_RDWR | O_CLOEXEC), error;

    if (queue < 0) return -errno;
    memcpy(request.ifr_name, tap->name, sizeof(tap->name));
    if (!ioctl(queue, TUNSETIFINDEX, &loopback) && !ioctl(queue, TUNSETIFF, &request)) return queue;
    error = -errno;
    close(queue);
    if (error == -E2BIG) { /* its holder attached as many as a device can have */
        return -EBUSY;
    }
    return error == -EEXIST ? -ENODEV : error;
}

static void put_run(struct nlmsghdr *message, enum tap_run run) {
    if (run != TAP_PAUSED && run != TAP_UP) {
        return;
    }
    /* the mode is for the carrier's next change, the state for now; without a carrier it stays down */
    if (run == TAP_UP) {
        mnl_attr_put_u8(message, IFLA_OPERSTATE, IF_OPER_UP);
        mnl_attr_put_u8(message, IFLA_LINKMODE, IF_LINK_MODE_DEFAULT);
    } else {
        mnl_attr_put_u8(message, IFLA_OPERSTATE, IF_OPER_DORMANT);
        mnl_attr_put_u8(message, IFLA_LINKMODE, IF_LINK_MODE_DORMANT);
    }
}

int tap_change(uint32_t index, const struct tap_change *change) {
    static const unsigned flags[] = {
        [TAP_AS_IT_IS] = 0, [TAP_DOWN] = 0, [TAP_PAUSED] = 0, [TAP_UP] = IFF_UP | IFF_MULTICAST};
    static const unsigned masks[] = {[TAP_AS_IT_IS] = 0,
                                     [TAP_DOWN] = IFF_UP,
                                     [TAP_PAUSED] = IFF_MULTICAST,
                                     [TAP_UP] = IFF_UP | IFF_MULTICAST};
    struct ifinfomsg body = {.ifi_index = (int)index,
                             .ifi_flags = flags[change->run],
                             .ifi_change = masks[change->run]};
    struct nlmsghdr *message = taps_begin(RTM_SETLINK, NLM_F_ACK, &body, sizeof(body));

    if (change->alias) mnl_attr_put(message, IFLA_IFALIAS, strlen(change->alias), change->alias);
    if (change->mac) mnl_attr_put(message, IFLA_ADDRESS, 6, change->mac);
    if (change->mtu) mnl_attr_put_u32(message, IFLA_MTU, *change->mtu);
    if (change->group) mnl_attr_put_u32(message, IFLA_GROUP, *change->group);
    if (change->master) mnl_attr_put_u32(message, IFLA_MASTER, *change->master);
    put_run(message, change->run);
    return taps_exchange(message, NULL, NULL);
}

int taps_delete_group(uint32_t group) {
    struct nlmsghdr *message = taps_begin(RTM_DELLINK, NLM_F_ACK, &(struct ifinfomsg){0}, sizeof(struct ifinfomsg));

    mnl_attr_put_u32(message, IFLA_GROUP, group);
    return taps_exchange(message, NULL, NULL);
}
