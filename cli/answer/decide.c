// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The answer on one interface: what policy_decide() says, and the conditions that the helper finds
 * out about later, the quota and the bridge.
 */
#include "cli/answer/answer.h"

#include <stdio.h>
#include <string.h>

#define MTU_FAULTS (WIRE_FAULT_MTU | WIRE_FAULT_MTU_RAISED | WIRE_FAULT_MTU_IPV6)

static bool is_held_under(const struct tapgrant_device *device,
                          const struct policy_rule *rule,
                          uint32_t uid) {
    const char *name = tapgrant_rule(device);

    return name && !strcmp(name, rule->name) && tapgrant_uid(device) == uid;
}

int check_count_held(const struct check *check,
                     const struct policy_rule *rule,
                     uint32_t *held,
                     struct tapgrant_error *error) {
    struct tapgrant_device **devices;
    size_t count;
    int code;

    *held = 0;
    for (size_t i = 0; i < check->granted_count; i++) {
        *held += check->granted[i] == rule;
    }
    code = tapgrant_list(&devices, &count, error);
    if (code) {
        return code;
    }
    for (size_t i = 0; i < count; i++) {
        *held += is_held_under(devices[i], rule, check->caller.uid);
    }
    tapgrant_list_free(devices, count);
    return TAPGRANT_OK;
}

/* The first condition of the rule that decides that does not hold; POLICY_KEYS: it grants. */
static enum policy_key find_failed(const struct policy_verdict *verdict, uint32_t used) {
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
    return used >= policy_number(rule, POLICY_MAX) ? POLICY_MAX : POLICY_KEYS;
}

static int fail_unknown(const struct answer *answer,
                        const char *reason,
                        const char *hint,
                        struct tapgrant_error *error) {
    *error = (struct tapgrant_error){.code = TAPGRANT_FAILED, .reason_code = "unknown"};
    snprintf(error->object, sizeof(error->object), "bridge %s", answer->wanted->bridge);
    snprintf(error->reason, sizeof(error->reason), "%s", reason);
    snprintf(error->hint, sizeof(error->hint), "%s", hint);
    return TAPGRANT_FAILED;
}

static int look_at_bridge(struct answer *answer, struct tapgrant_error *error) {
    const char *name = answer->wanted->bridge;

    if (!name[0]) {
        answer->bridge.facts.mtu = POLICY_MTU_ALONE;
        answer->bridge.facts.pinned = true;
        return TAPGRANT_OK;
    }
    answer->bridge = host_bridge_look(name);
    if (answer->bridge.error) {
        return fail_unknown(answer, strerror(-answer->bridge.error), "", error);
    }
    return TAPGRANT_OK;
}

static void count_as_granted(struct check *check, const struct answer *answer) {
    if (answer->rule && answer_is_allowed(answer) && check->granted_count < WIRE_INTERFACES) {
        check->granted[check->granted_count] = answer->rule;
        check->granted_count++;
    }
}

int answer_decide(struct check *check,
                  const struct interface *wanted,
                  struct answer *answer,
                  struct tapgrant_error *error) {
    const struct policy *policy = &check->policy;
    int code;

    *answer = (struct answer){.wanted = wanted, .failed = POLICY_KEYS};
    if (!wanted->managed) {
        return TAPGRANT_OK;
    }
    if (check->void_reason[0]) {
        answer->failed = POLICY_USER;
        return TAPGRANT_OK;
    }
    interface_to_wire(wanted, &answer->wire);
    code = look_at_bridge(answer, error);
    if (code) {
        return code;
    }
    answer->verdict = policy_decide(policy, &check->subject, &answer->wire, &answer->bridge.facts);
    answer->rule = answer->verdict.rule;
    if (answer->rule) {
        code = check_count_held(check, answer->rule, &answer->used, error);
    }
    if (code) {
        return code;
    }
    /* the helper, too, refuses a grant where it cannot know whether the bridge is fit */
    if (answer->verdict.failed == POLICY_KEYS && answer->bridge.sys_error) {
        return fail_unknown(answer, HOST_OTHER_SYS, HOST_OTHER_SYS_HINT, error);
    }
    answer->failed = find_failed(&answer->verdict, answer->used);
    answer->tried = policy->rule_count;
    if (answer->rule) {
        answer->tried = (size_t)(answer->rule - policy->rules) + 1;
    }
    count_as_granted(check, answer);
    return TAPGRANT_OK;
}

bool answer_is_allowed(const struct answer *answer) {
    return answer->failed == POLICY_KEYS;
}

bool answer_is_denied(const struct answer *answer) {
    if (answer->failed == POLICY_KEYS) {
        return false;
    }
    return !answer->rule || answer->verdict.failed < POLICY_KEYS;
}
