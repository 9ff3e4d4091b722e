// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The answer on one interface: what policy_decide() says, and the conditions that the helper finds
 * out about later, the quota and the bridge.
 */
#include "cli/check/check.h"

#include <string.h>

#define MTU_FAULTS (WIRE_FAULT_MTU | WIRE_FAULT_MTU_RAISED | WIRE_FAULT_MTU_IPV6)

static bool is_held_under(const struct tapgrant_device *device,
                          const struct policy_rule *rule,
                          uint32_t uid) {
    const char *name = tapgrant_rule(device);

    return name && !strcmp(name, rule->name) && tapgrant_uid(device) == uid;
}

/* The devices that the caller holds under the rule, or would, by the interfaces before this one. */
static uint32_t count_held(const struct check *check, const struct policy_rule *rule) {
    struct tapgrant_device **devices;
    uint32_t held = 0;
    size_t count;

    for (size_t i = 0; i < check->granted_count; i++) {
        held += check->granted[i] == rule;
    }
    if (tapgrant_list(&devices, &count, NULL)) {
        return held;
    }
    for (size_t i = 0; i < count; i++) {
        held += is_held_under(devices[i], rule, check->caller.uid);
    }
    tapgrant_list_free(devices, count);
    return held;
}

/* The first condition of the rule that decides that does not hold; POLICY_KEYS: it grants. */
static enum policy_key find_failed(const struct check *check,
                                   const struct policy_verdict *verdict) {
    const struct policy_rule *rule = verdict->rule;

    if (!rule) {
        return POLICY_USER;
    }
    if (verdict->failed < POLICY_KEYS) {
        return verdict->failed;
    }
    if (verdict->faults & WIRE_FAULT_UNPINNED) {
        return POLICY_ALLOW_UNPINNED;
    }
    if (verdict->faults & WIRE_FAULT_RA) {
        return POLICY_ALLOW_RA;
    }
    if (verdict->faults & MTU_FAULTS) {
        return POLICY_MTU;
    }
    if (count_held(check, rule) >= policy_number(rule, POLICY_MAX)) {
        return POLICY_MAX;
    }
    return POLICY_KEYS;
}

void answer_decide(const struct check *check,
                   const struct interface *wanted,
                   struct answer *answer) {
    const struct policy *policy = &check->policy;

    *answer = (struct answer){.wanted = wanted, .failed = POLICY_KEYS};
    if (!wanted->managed) {
        return;
    }
    if (check->void_reason[0]) {
        answer->failed = POLICY_USER;
        return;
    }
    interface_to_wire(wanted, &answer->wire);
    if (wanted->bridge[0]) {
        answer->bridge = host_bridge_look(wanted->bridge);
    } else {
        answer->bridge.facts.mtu = POLICY_MTU_ALONE;
        answer->bridge.facts.pinned = true;
    }
    answer->verdict = policy_decide(policy, &check->subject, &answer->wire, &answer->bridge.facts);
    answer->rule = answer->verdict.rule;
    answer->failed = find_failed(check, &answer->verdict);
    answer->tried = policy->rule_count;
    if (answer->rule) {
        answer->tried = (size_t)(answer->rule - policy->rules) + 1;
    }
}

bool answer_is_allowed(const struct answer *answer) {
    return answer->failed == POLICY_KEYS;
}
