// SPDX-License-Identifier: LGPL-2.1-or-later
/* The policy's bytes: parsed, its names looked up, and asked for a fixed caller; what must hold of any policy is checked. */
#include "conf/policy/policy.h"

#include <stdlib.h>
#include <string.h>

#define REQUIRE(condition) do { if (!(condition)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char passwd[] = "root:x:0:0::/:/bin/sh\nalice:x:1000:1000::/:/bin/sh\nbob:x:1001:1001\n";
static const char group[] = "root:x:0:\nstaff:x:50:alice\nalice:x:1000:";
static const struct wire_interface asked[] = {
    {.queues = 1},
    {.bridge = "br0", .queues = 1},
    {.bridge = "br0", .dev = "alice-1", .queues = 2, .mtu = 1400},
    {.bridge = "br0", .dev = "u1000-1", .guest_mac = {0x52, 0x54, 0, 0x12, 0x34, 0x56}, .host_mac = {0xfe}, .queues = 253},
};
static unsigned told;

static void tell(void *context, unsigned line, const char *reason, const char *detail) {
    REQUIRE(context == &told && reason && *reason && (!detail || strlen(detail) <= POLICY_SIZE) && line);
    told++;
}

static void check_verdict(const struct policy *policy, const struct wire_interface *interface) {
    struct policy_bridge none = {.mtu = POLICY_MTU_ALONE, .pinned = true};
    struct policy_bridge unfit = {.name = "br0", .mtu = POLICY_MTU_ALONE, .exists = true, .takes_ra = true};
    const struct policy_bridge *bridge = interface->bridge[0] ? &unfit : &none;
    struct policy_verdict verdict = policy_decide(policy, interface, bridge), again = policy_decide(policy, interface, bridge);

    REQUIRE(verdict.rule == again.rule && verdict.failed == again.failed && verdict.faults == again.faults);
    REQUIRE(verdict.failed <= POLICY_KEYS && (verdict.failed != POLICY_KEYS || verdict.rule));
    if (!verdict.rule) return;
    REQUIRE(verdict.rule >= policy->rules && verdict.rule < policy->rules + policy->rule_count);
    REQUIRE(policy_rule_refuses(policy, verdict.rule, interface, bridge) == verdict.failed);
    for (const struct policy_rule *rule = policy->rules; rule < verdict.rule; rule++) { /* the first that names both */
        enum policy_key key = policy_rule_refuses(policy, rule, interface, bridge);

        REQUIRE(key == POLICY_USER || key == POLICY_BRIDGE);
    }
    if (verdict.failed != POLICY_KEYS) return;
    REQUIRE(verdict.mtu == (interface->mtu ? interface->mtu : bridge->mtu));
    REQUIRE(policy_number(verdict.rule, POLICY_QUEUES) >= interface->queues);
    REQUIRE(policy_number(verdict.rule, POLICY_MAX) >= 1 && policy_number(verdict.rule, POLICY_MAX) <= 256);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint32_t groups[] = {50, 77};
    struct policy policy = {.caller = {1000, 1000, groups, 2, ""}};
    char *text = calloc(1, size + 1); /* as policy_file_read() gives it, with a NUL behind */
    int error;

    if (!text) return 0;
    memcpy(text, data, size);
    told = 0;
    error = policy_parse(&policy, text, size, tell, &told);
    free(text); /* the policy keeps nothing of it */
    REQUIRE((error != 0) == (told != 0));
    policy.caller = (struct policy_caller){1000, 1000, groups, 2, ""};
    if (!error && !policy_resolve(&policy, policy.names ? passwd : NULL,
                                  policy.names ? group : NULL))
        for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) check_verdict(&policy, &asked[i]);
    free(policy.rules);
    free(policy.text);
    return 0;
}
