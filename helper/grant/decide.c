// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Stage decide: what the kernel says of the bridge, and what the policy says of the interface.
 * Hostile here: the caller, who chose the interface's names, addresses and numbers.
 * Privilege held: CAP_NET_ADMIN, as the caller.  Nothing is changed.
 */
#include <errno.h>
#include <string.h>

#include "helper/grant/grant.h"

/* An interface before INDEX that asks for the same bridge; INDEX: there is none. */
static uint32_t find_same_bridge(const struct wire_request *request, uint32_t index) {
    const char *name = request->interface[index].bridge;
    uint32_t i = 0;

    while (i < index && strcmp(request->interface[i].bridge, name) != 0) {
        i++;
    }
    return i;
}

static int ask_bridge(struct grant *grant, uint32_t index) {
    const char *name = grant->request.interface[index].bridge;
    uint32_t same = find_same_bridge(&grant->request, index);
    struct grant_bridge *bridge = &grant->bridge[index];
    int error;

    if (same < index) {
        *bridge = grant->bridge[same];
        return 0;
    }
    if (!name[0]) {
        return 0;
    }
    error = link_read(0, name, &bridge->link);
    if (error) {
        return error == -ENODEV ? 0 : error;
    }
    if (!strcmp(bridge->link.kind, "bridge") && wire_bridge_valid(bridge->link.name)) {
        bridge->is_bridge = true;
        bridge->pinned = link_pinned(&bridge->link);
    }
    return 0;
}

static bool takes_ra(const struct link_advertisements *settings) {
    return policy_takes_ra(settings->accept_ra, settings->forwarding, settings->disable_ipv6);
}

/* What the policy wants to know of the bridge. */
static int describe_bridge(const struct grant *grant, uint32_t index, struct policy_bridge *facts) {
    const struct grant_bridge *bridge = &grant->bridge[index];

    *facts = (struct policy_bridge){.mtu = POLICY_MTU_ALONE, .pinned = true};
    if (!bridge->is_bridge) {
        return 0;
    }
    facts->exists = true;
    facts->mtu = bridge->link.mtu;
    facts->pinned = bridge->pinned != -ESTALE;
    facts->takes_ra = takes_ra(&bridge->link.advertisements);
    memcpy(facts->name, bridge->link.name, sizeof(facts->name));
    if (grant->request.interface[index].mtu <= facts->mtu) {
        return 0;
    }
    return link_port_mtu(bridge->link.index, &facts->port_mtu);
}

/*
 * Whoever is in another network namespace, and is named by no rule that allows that, learns of this
 * one only that it is another.
 */
static int refuse(const struct grant *grant, const struct policy_verdict *verdict) {
    if (!grant->caller->is_in_other_netns) {
        return WIRE_DENIED;
    }
    if (!verdict->rule || verdict->failed == POLICY_ALLOW_OTHER_NETNS) {
        return WIRE_OTHER_NETNS;
    }
    return WIRE_DENIED;
}

int grant_decide(struct grant *grant, uint32_t index) {
    const struct wire_interface *wanted = &grant->request.interface[index];
    const struct grant_bridge *bridge = &grant->bridge[index];
    struct policy_verdict *verdict = &grant->verdict[index];
    struct wire_device *told = &grant->reply.device[index];
    struct policy_bridge facts;
    int error = ask_bridge(grant, index);

    if (error) {
        return error;
    }
    error = describe_bridge(grant, index, &facts);
    if (error) {
        return error;
    }
    memcpy(told->bridge, facts.name, sizeof(told->bridge));
    *verdict = policy_decide(grant->policy, grant->subject, wanted, &facts);
    if (verdict->rule) {
        memcpy(told->rule, verdict->rule->name, sizeof(told->rule));
    }
    if (verdict->failed != POLICY_KEYS) {
        return refuse(grant, verdict);
    }
    told->mtu = verdict->mtu;
    grant->reply.faults = verdict->faults;
    /* -ESTALE is a fault of the bridge, which the rule may accept. */
    if (bridge->pinned && bridge->pinned != -ESTALE) {
        return bridge->pinned;
    }
    return verdict->faults ? WIRE_UNFIT_BRIDGE : 0;
}
