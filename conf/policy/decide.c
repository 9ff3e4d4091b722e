// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * May this caller have this interface?  The first rule that names the caller and the bridge decides
 * alone.  Nothing is read or asked here: what the kernel says of the bridge, and what the files of
 * accounts say, are arguments.
 * Hostile here: the interface, whose bytes wire_interface_valid() has passed.
 * Privilege held in the helper: root in policy_resolve(); then, as the caller, CAP_NET_ADMIN.
 */
#include "conf/policy/accounts.h"

#include <errno.h>
#include <string.h>

/* Are all names of users and groups that the rules have in ACCOUNTS? */
static bool knows_all_names(const struct policy *policy, const struct policy_accounts *accounts) {
    bool knows_all = true;

    for (size_t i = 0; i < policy->rule_count; i++) {
        const char *users = policy->rules[i].value[POLICY_USER];

        knows_all &= !policy_check_value(accounts, POLICY_USER, users);
    }
    return knows_all;
}

int policy_resolve(const struct policy *policy,
                   const struct policy_accounts *accounts,
                   const struct caller *caller,
                   struct policy_subject *subject) {
    struct policy_subuid line;

    *subject = (struct policy_subject){.caller = *caller, .accounts = accounts};
    account_find_name(accounts->passwd, caller->uid, subject->name);
    if (policy->has_broad_words) {
        if (!accounts->subuid) {
            return -ENOENT;
        }
        if (policy_subuid_find(accounts->subuid, caller->uid, caller->uid, &line)) {
            subject->subuid_line = line.line;
        }
    }
    if (policy->has_names && !knows_all_names(policy, accounts)) {
        return -ENOENT;
    }
    /* {user} is a name as well. */
    return policy->has_caller_name && !subject->name[0] ? -ENOENT : 0;
}

static bool is_yes(const struct policy_rule *rule, enum policy_key key) {
    return rule->value[key] && !strcmp(rule->value[key], "yes");
}

static bool allows_bridge(const struct policy_rule *rule,
                          const struct policy_subject *subject,
                          const struct wire_interface *interface,
                          const struct policy_bridge *bridge) {
    const char *name = bridge->exists ? bridge->name : NULL;

    if (!interface->bridge[0]) {
        name = "none";
    }
    return policy_value_has_name(rule->value[POLICY_BRIDGE], subject, name);
}

static bool allows_dev(const struct policy_rule *rule,
                       const struct policy_subject *subject,
                       const struct wire_interface *interface) {
    const char *value = rule->value[POLICY_DEV];

    return !interface->dev[0] || (value && policy_value_has_name(value, subject, interface->dev));
}

static bool allows_mac(const struct policy_rule *rule, enum policy_key key, const uint8_t mac[6]) {
    const char *value = rule->value[key];

    return wire_mac_absent(mac) || (value && policy_value_has_mac(value, mac));
}

/*
 * A port that is not locked passes frames from any address.  So without a list of its own the rule
 * refuses an address only if it locks the port.
 */
static bool allows_guest_mac(const struct policy_rule *rule,
                             const struct wire_interface *interface) {
    if (!rule->value[POLICY_GUEST_MAC] && !is_yes(rule, POLICY_LOCK_MAC)) {
        return true;
    }
    return allows_mac(rule, POLICY_GUEST_MAC, interface->guest_mac);
}

static bool allows_mtu(const struct policy_rule *rule,
                       const struct wire_interface *interface,
                       const struct policy_bridge *bridge) {
    const char *value = rule->value[POLICY_MTU];

    if (!interface->mtu || interface->mtu == bridge->mtu) {
        return true;
    }
    return value && policy_value_has_mtu(value, interface->mtu);
}

/* A caller in another network namespace must ask for this one: no tap is made where it is not. */
static bool allows_netns(const struct policy_rule *rule,
                         const struct policy_subject *subject,
                         const struct wire_interface *interface) {
    if (!subject->caller.is_in_other_netns) {
        return true;
    }
    return interface->netns == WIRE_NETNS_HOST && is_yes(rule, POLICY_ALLOW_OTHER_NETNS);
}

enum policy_key policy_rule_refuses(const struct policy_rule *rule,
                                    const struct policy_subject *subject,
                                    const struct wire_interface *interface,
                                    const struct policy_bridge *bridge) {
    if (!policy_value_has_caller(rule->value[POLICY_USER], subject)) {
        return POLICY_USER;
    }
    if (!allows_bridge(rule, subject, interface, bridge)) {
        return POLICY_BRIDGE;
    }
    if (!allows_netns(rule, subject, interface)) {
        return POLICY_ALLOW_OTHER_NETNS;
    }
    if (!policy_number(rule, POLICY_MAX)) {
        return POLICY_MAX; /* it takes its users out of later rules for this bridge */
    }
    if (!allows_dev(rule, subject, interface)) {
        return POLICY_DEV;
    }
    if (!allows_guest_mac(rule, interface)) {
        return POLICY_GUEST_MAC;
    }
    if (!allows_mac(rule, POLICY_HOST_MAC, interface->host_mac)) {
        return POLICY_HOST_MAC;
    }
    if (!allows_mtu(rule, interface, bridge)) {
        return POLICY_MTU;
    }
    if (interface->queues > policy_number(rule, POLICY_QUEUES)) {
        return POLICY_QUEUES;
    }
    return POLICY_KEYS;
}

/*
 * A bridge whose MTU nobody set takes the lowest of its ports', and no kernel tells which bridge is
 * of that kind.  So a port has the bridge's own MTU; or a higher one that never becomes the
 * bridge's, because a port that is not a tap has one that is not higher.
 */
static uint32_t mtu_faults(uint32_t mtu, const struct policy_bridge *bridge) {
    uint32_t faults = 0;

    if (mtu < bridge->mtu) {
        faults |= WIRE_FAULT_MTU;
    }
    if (mtu > bridge->mtu && (!bridge->port_mtu || mtu < bridge->port_mtu)) {
        faults |= WIRE_FAULT_MTU_RAISED;
    }
    if (mtu < WIRE_MTU_IPV6 && bridge->mtu < WIRE_MTU_IPV6) {
        faults |= WIRE_FAULT_MTU_IPV6;
    }
    return faults;
}

bool policy_takes_ra(int32_t accept_ra, bool is_forwarding, bool is_ipv6_off) {
    if (is_ipv6_off) {
        return false;
    }
    return is_forwarding ? accept_ra == 2 : accept_ra != 0;
}

/* Is the bridge fit for a port that RULE grants? */
static uint32_t bridge_faults(const struct policy_rule *rule,
                              uint32_t mtu,
                              const struct policy_bridge *bridge) {
    uint32_t faults = mtu_faults(mtu, bridge);

    if (!bridge->pinned && !is_yes(rule, POLICY_ALLOW_UNPINNED)) {
        faults |= WIRE_FAULT_UNPINNED;
    }
    if (bridge->takes_ra && !is_yes(rule, POLICY_ALLOW_RA)) {
        faults |= WIRE_FAULT_RA;
    }
    return faults;
}

struct policy_verdict policy_decide(const struct policy *policy,
                                    const struct policy_subject *subject,
                                    const struct wire_interface *interface,
                                    const struct policy_bridge *bridge) {
    struct policy_verdict verdict = {.failed = POLICY_USER};

    verdict.mtu = interface->mtu ? interface->mtu : bridge->mtu;
    for (size_t i = 0; i < policy->rule_count && !verdict.rule; i++) {
        const struct policy_rule *rule = &policy->rules[i];

        verdict.failed = policy_rule_refuses(rule, subject, interface, bridge);
        if (verdict.failed > POLICY_BRIDGE) {
            verdict.rule = rule;
        }
    }
    if (verdict.failed < POLICY_KEYS || !interface->bridge[0]) {
        return verdict;
    }
    verdict.lock_mac = is_yes(verdict.rule, POLICY_LOCK_MAC);
    verdict.isolate = is_yes(verdict.rule, POLICY_ISOLATE);
    verdict.faults = bridge_faults(verdict.rule, verdict.mtu, bridge);
    return verdict;
}
