// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A new tap becomes a port of its bridge, or an interface of the host's own.
 * Hostile here: every process on the host may watch and race with us.  Before the tap is complete
 * its holder can use nothing of the host's by it: all is set while it is down, read back, because
 * kernels acknowledge attributes that they do not know, and only then is it set up.
 * Privilege held: CAP_NET_ADMIN, as the caller.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include "helper/link/forwarding.h"
#include "helper/link/host_side.h"
#include "helper/link/message.h"

/* What the tap is made to be. */
struct plan {
    const struct wire_device *tap;
    const struct link *bridge; /* index 0: none */
    const char *alias;
    bool lock_mac;
    uint64_t port;
    struct link_stack stack;
};

/*
 * All but the port's settings, in one message.  Address and MTU are set before the bridge, whose
 * own follow its ports' (net/core/rtnetlink.c, do_setlink()).
 */
static int set_link(const struct plan *plan) {
    const struct wire_device *tap = plan->tap;

    message_begin_link(RTM_SETLINK, 0, AF_UNSPEC, tap->ifindex, 0);
    message_put(IFLA_IFALIAS, plan->alias, strlen(plan->alias));
    message_put(IFLA_ADDRESS, tap->host_mac, sizeof(tap->host_mac));
    message_put(IFLA_MTU, &tap->mtu, sizeof(tap->mtu));
    message_put(IFLA_MASTER, &plan->bridge->index, sizeof(plan->bridge->index));
    host_side_put(&plan->stack);
    return message_exchange(NULL, NULL);
}

/*
 * The bridge's MTU must be what it was when the interface was decided.  If the port has the same
 * MTU it cannot have moved it, unless somebody raised the bridge's in these milliseconds.
 */
static int check_bridge_mtu(const struct plan *plan) {
    struct link now;
    int error;

    if (plan->tap->mtu == plan->bridge->mtu) {
        return 0;
    }
    error = link_read(plan->bridge->index, NULL, &now);
    if (error) {
        return error;
    }
    return now.mtu == plan->bridge->mtu ? 0 : -ESTALE;
}

static int set_port(const struct plan *plan) {
    int error = link_set_port(plan->tap->ifindex, plan->port);

    if (error) {
        return error;
    }
    if (plan->lock_mac) {
        error = forwarding_claim(plan->bridge, plan->tap->ifindex, plan->tap->guest_mac);
    }
    if (error) {
        return error;
    }
    return check_bridge_mtu(plan);
}

/* Is the tap what it was made to be, and down? */
static bool is_as_planned(const struct link *now, const struct plan *plan) {
    const struct wire_device *tap = plan->tap;

    if (now->up || now->mtu != tap->mtu || now->master != plan->bridge->index) {
        return false;
    }
    if (strcmp(now->alias, plan->alias) != 0) {
        return false;
    }
    if (memcmp(now->mac, tap->host_mac, sizeof(now->mac)) != 0) {
        return false;
    }
    if (memcmp(&now->stack, &plan->stack, sizeof(now->stack)) != 0) {
        return false;
    }
    /* A queue more would be a stranger's. */
    if (tap->queues > 1 && now->tun[IFLA_TUN_NUM_QUEUES] != tap->queues) {
        return false;
    }
    return !plan->bridge->index || (now->port & link_port_settings) == plan->port;
}

static int set_up(uint32_t index) {
    struct link tap;
    int error;

    message_begin_link(RTM_SETLINK, 0, AF_UNSPEC, index, IFF_UP);
    error = message_exchange(NULL, NULL);
    if (error) {
        return error;
    }
    error = link_read(index, NULL, &tap);
    if (error) {
        return error;
    }
    return tap.up ? 0 : -ESTALE;
}

/* Everything that is set before the tap is up. */
static int prepare(struct plan *plan) {
    int error = host_side_switch_ipv6_off(plan->tap->dev, &plan->stack);

    if (error) {
        return error;
    }
    if (plan->bridge->index) {
        error = forwarding_check_own(plan->bridge, plan->tap->host_mac);
    }
    if (error) {
        return error;
    }
    error = set_link(plan);
    if (error) {
        return error;
    }
    /* A lock without a bridge, which no stage asks for, is refused by the kernel here. */
    return plan->bridge->index || plan->lock_mac ? set_port(plan) : 0;
}

int link_configure(const struct wire_device *tap,
                   const struct link *bridge,
                   const char *alias,
                   bool lock_mac,
                   bool isolate) {
    struct plan plan = {.tap = tap, .bridge = bridge, .alias = alias, .lock_mac = lock_mac};
    struct link now;
    int error;

    if (tap->mtu < WIRE_MTU_IPV6) {
        return -ERANGE;
    }
    plan.port = link_port_as_made(lock_mac, isolate);
    plan.stack = host_side_of_taps;
    error = prepare(&plan);
    if (error) {
        return error;
    }
    error = link_read(tap->ifindex, NULL, &now);
    if (error) {
        return error;
    }
    if (!is_as_planned(&now, &plan)) {
        return -ESTALE;
    }
    return set_up(tap->ifindex);
}
