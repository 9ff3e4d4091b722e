// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Changes of a link that may be in use, and the removal of many at once.
 */
#include "apply/links/links.h"
#include "apply/links/netlink.h"

#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>

/* linux/if.h, which cannot be included together with net/if.h */
#define IF_OPER_DORMANT 5
#define IF_OPER_UP 6
#define IF_LINK_MODE_DEFAULT 0
#define IF_LINK_MODE_DORMANT 1

/* The flags of the link that a run state sets, and those that it changes. */
static const struct {
    unsigned set;
    unsigned changed;
} flags[RUN_STATES] = {
    [RUN_DOWN] = {.changed = IFF_UP},
    [RUN_PAUSED] = {.changed = IFF_MULTICAST},
    [RUN_UP] = {.set = IFF_UP | IFF_MULTICAST, .changed = IFF_UP | IFF_MULTICAST}};

/* The mode is for the carrier's next change, the state for now; without a carrier it stays down. */
static void put_run_state(struct nlmsghdr *message, enum run_state run_state) {
    if (run_state == RUN_UP) {
        mnl_attr_put_u8(message, IFLA_OPERSTATE, IF_OPER_UP);
        mnl_attr_put_u8(message, IFLA_LINKMODE, IF_LINK_MODE_DEFAULT);
    }
    if (run_state == RUN_PAUSED) {
        mnl_attr_put_u8(message, IFLA_OPERSTATE, IF_OPER_DORMANT);
        mnl_attr_put_u8(message, IFLA_LINKMODE, IF_LINK_MODE_DORMANT);
    }
}

static void put_number(struct nlmsghdr *message, uint16_t type, const uint32_t *number) {
    if (number) {
        mnl_attr_put_u32(message, type, *number);
    }
}

int links_change(uint32_t index, const struct link_change *change) {
    const struct ifinfomsg body = {.ifi_index = (int)index,
                                   .ifi_flags = flags[change->run_state].set,
                                   .ifi_change = flags[change->run_state].changed};
    struct nlmsghdr *message = netlink_begin(RTM_SETLINK, NLM_F_ACK, &body, sizeof(body));

    if (change->alias) {
        mnl_attr_put(message, IFLA_IFALIAS, strlen(change->alias), change->alias);
    }
    if (change->mac) {
        mnl_attr_put(message, IFLA_ADDRESS, 6, change->mac);
    }
    put_number(message, IFLA_MTU, change->mtu);
    put_number(message, IFLA_GROUP, change->group);
    put_number(message, IFLA_MASTER, change->master);
    put_run_state(message, change->run_state);
    return netlink_exchange(message, NULL, NULL);
}

int links_delete_group(uint32_t group) {
    const struct ifinfomsg body = {0};
    struct nlmsghdr *message = netlink_begin(RTM_DELLINK, NLM_F_ACK, &body, sizeof(body));

    mnl_attr_put_u32(message, IFLA_GROUP, group);
    return netlink_exchange(message, NULL, NULL);
}
