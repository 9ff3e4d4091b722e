// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The policy's bytes, and behind the last NUL those of a subuid(5): parsed, its names looked up,
 * and asked for a fixed caller; what must hold of any policy is checked.
 */
#include "conf/policy/policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define REQUIRE(condition) do { if (!(condition)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char passwd[] = "root:x:0:0::/:/bin/sh\nalice:x:1000:1000::/:/bin/sh\nbob:x:1001:1001\n";
static char group[] = "root:x:0:\nstaff:x:50:alice\nalice:x:1000:";
static const struct wire_interface asked[] = {
    {.queues = 1},
    {.bridge = "br0", .queues = 1},
    {.bridge = "br0", .dev = "alice-1", .queues = 2, .mtu = 1400},
    {.bridge = "br0", .dev = "u1000-1", .guest_mac = {0x52, 0x54, 0, 0x12, 0x34, 0x56}, .host_mac = {0xfe}, .queues = 253},
};
static unsigned told;

static void tell(void *context, const struct policy_fault *fault) {
    REQUIRE(context == &told && fault->reason && *fault->reason && fault->line);
    REQUIRE(fault->key <= POLICY_KEYS && (!fault->detail || strlen(fault->detail) <= POLICY_LINE));
    told++;
}

static void check_verdict(const struct policy *policy,
                          const struct policy_subject *subject,
                          const struct wire_interface *interface) {
    struct policy_bridge none = {.mtu = POLICY_MTU_ALONE, .pinned = true};
    struct policy_bridge unfit = {.name = "br0", .mtu = POLICY_MTU_ALONE, .exists = true, .takes_ra = true};
    const struct policy_bridge *bridge = interface->bridge[0] ? &unfit : &none;
    struct policy_verdict verdict = policy_decide(policy, subject, interface, bridge);
    struct policy_verdict again = policy_decide(policy, subject, interface, bridge);

    REQUIRE(verdict.rule == again.rule && verdict.failed == again.failed && verdict.faults == again.faults);
    REQUIRE(verdict.failed <= POLICY_KEYS && (verdict.failed != POLICY_KEYS || verdict.rule));
    if (!verdict.rule) return;
    REQUIRE(verdict.rule >= policy->rules && verdict.rule < policy->rules + policy->rule_count);
    REQUIRE(policy_rule_refuses(verdict.rule, subject, interface, bridge) == verdict.failed);
    for (const struct policy_rule *rule = policy->rules; rule < verdict.rule; rule++) { /* the first that names both */
        enum policy_key key = policy_rule_refuses(rule, subject, interface, bridge);

        REQUIRE(key == POLICY_USER || key == POLICY_BRIDGE);
    }
    if (verdict.failed != POLICY_KEYS) return;
    REQUIRE(verdict.mtu == (interface->mtu ? interface->mtu : bridge->mtu));
    REQUIRE(policy_number(verdict.rule, POLICY_QUEUES) >= interface->queues);
    REQUIRE(policy_number(verdict.rule, POLICY_MAX) >= 1 && policy_number(verdict.rule, POLICY_MAX) <= 256);
}

/* Every value of a valid policy is one, also where it has grown by further lines. */
static void check_values(const struct policy *policy) {
    static const struct policy_accounts none;

    for (size_t i = 0; i < policy->rule_count; i++) {
        for (enum policy_key key = POLICY_USER; key < POLICY_KEYS; key++) {
            const char *value = policy->rules[i].value[key];

            REQUIRE(!value || (*value && policy_check_value(&none, key, value) != -EINVAL));
        }
        REQUIRE(policy->rules[i].value[POLICY_USER] && policy->rules[i].value[POLICY_BRIDGE]);
        REQUIRE(!i || policy->rules[i].line > policy->rules[i - 1].line);
    }
}

/* What must hold of any subuid(5): lines in order, ids that are some, and all that are found. */
static void check_subuid(const char *subuid) {
    const char *rest = subuid;
    const char *begin = subuid;
    struct policy_subuid range = {0};
    struct policy_subuid found;
    unsigned line = 0;
    bool is_there = false;

    while (policy_subuid_next(&rest, &range)) {
        REQUIRE(range.line > line && range.first <= range.last && range.last < UINT32_MAX);
        REQUIRE(range.owner >= begin && range.owner_length &&
                range.owner + range.owner_length < rest && range.owner[range.owner_length] == ':');
        REQUIRE(policy_subuid_find(subuid, range.first, range.last, &found) &&
                found.line <= range.line);
        is_there |= range.first <= 1000 && range.last >= 1000;
        line = range.line;
        begin = rest;
    }
    REQUIRE(!*rest && policy_subuid_find(subuid, 1000, 1000, &found) == is_there);
}

/* TEXT with a NUL behind, as file_read_trusted() gives it, in a buffer of its own size. */
static char *copy(const uint8_t *text, size_t size) {
    char *to = calloc(1, size + 1);

    REQUIRE(to);
    if (size) {
        memcpy(to, text, size);
    }
    return to;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint32_t groups[] = {50, 77};
    static const struct caller caller = {1000, 1000, groups, 2};
    struct policy_subject subject;
    const uint8_t *end = size ? memrchr(data, 0, size) : NULL;
    size_t length = end ? (size_t)(end - data) : size;
    char *text = copy(data, length);
    char *subuid = end ? copy(end + 1, size - length - 1) : copy(data, size);
    struct policy policy = {0};
    struct policy_accounts accounts = {0};
    int error;

    told = 0;
    error = policy_parse(&policy, text, length, tell, &told);
    free(text); /* the policy keeps nothing of it */
    REQUIRE((error != 0) == (told != 0));
    accounts.passwd = policy.has_names ? passwd : NULL;
    accounts.group = policy.has_names ? group : NULL;
    accounts.subuid = policy.has_broad_words ? subuid : NULL;
    check_subuid(subuid);
    if (!error) {
        check_values(&policy);
    }
    if (!error && !policy_resolve(&policy, &accounts, &caller, &subject)) {
        for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
            check_verdict(&policy, &subject, &asked[i]);
        }
    }
    free(policy.rules);
    free(policy.text);
    free(subuid);
    return 0;
}
