// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is valid in a policy, and not what its author can have meant.
 */
#include "cli/lint/warnings.h"
#include "cli/host_bridge.h"
#include "cli/lint/words.h"

#include <string.h>

#define MAKER "52:54:00" /* an address with so many bytes fixed is of one maker */

static bool covers(const struct lint *lint,
                   const struct policy_rule *wide,
                   const struct policy_rule *narrow) {
    return bridges_cover(wide->value[POLICY_BRIDGE], narrow->value[POLICY_BRIDGE]) &&
           users_cover(wide->value[POLICY_USER], narrow->value[POLICY_USER], lint->accounts.subuid);
}

/* The first rule that names the caller and the bridge decides alone. */
static void warn_shadowed(struct lint *lint, const struct policy_rule *rule) {
    const struct policy_rule *earlier;

    for (earlier = lint->policy.rules; earlier < rule; earlier++) {
        if (covers(lint, earlier, rule)) {
            lint_warn(lint, rule->line,
                      "rule %s can never grant: rule %s (line %u) decides for all its people and "
                      "bridges",
                      rule->name, earlier->name, earlier->line);
            return;
        }
    }
}

/* Do the rules say different things of KEY? */
static bool differ(const struct policy_rule *one,
                   const struct policy_rule *other,
                   enum policy_key key) {
    return one->value[key] && other->value[key] && strcmp(one->value[key], other->value[key]);
}

static void warn_mixed(struct lint *lint,
                       const struct policy_rule *rule,
                       enum policy_key key,
                       const char *then) {
    const struct policy_rule *earlier;
    char bridge[POLICY_LINE + 1];

    for (earlier = lint->policy.rules; earlier < rule; earlier++) {
        if (!differ(earlier, rule, key) ||
            !bridges_share(earlier->value[POLICY_BRIDGE], rule->value[POLICY_BRIDGE], bridge)) {
            continue;
        }
        lint_warn(lint, lint_key_line(lint, rule, key),
                  "on bridge %s rule %s (line %u) says %s = %s, and rule %s %s: %s", bridge,
                  earlier->name, earlier->line, policy_key_name(key), earlier->value[key],
                  rule->name, rule->value[key], then);
        return;
    }
}

/* One port without lock-mac is enough to send with the addresses of all. */
static void warn_mixed_locks(struct lint *lint, const struct policy_rule *rule) {
    warn_mixed(lint, rule, POLICY_LOCK_MAC,
               "ports without it can send with the addresses of those that have it");
}

/* One port that is not isolated reaches all. */
static void warn_mixed_isolation(struct lint *lint, const struct policy_rule *rule) {
    warn_mixed(lint, rule, POLICY_ISOLATE,
               "ports without it and those that have it reach each other");
}

static void warn_missing_bridges(struct lint *lint, const struct policy_rule *rule) {
    const char *words = rule->value[POLICY_BRIDGE];
    char word[POLICY_LINE + 1];

    while (policy_next(&words, word)) {
        bool is_pattern = strpbrk(word, "*{");
        struct host_bridge bridge;

        if (is_pattern || !strcmp(word, "none")) {
            continue;
        }
        bridge = host_bridge_look(word);
        if (!bridge.facts.exists) {
            lint_warn(lint, lint_key_line(lint, rule, POLICY_BRIDGE), "bridge %s %s on this host",
                      word, bridge.is_link ? "is no bridge" : "does not exist");
        }
    }
}

/* Can taps of the rule be locked to an address that their users ask for? */
static bool locks_wanted_macs(const struct policy_rule *rule) {
    const char *lock = rule->value[POLICY_LOCK_MAC];
    bool has_bridge = !bridges_cover("none", rule->value[POLICY_BRIDGE]);

    return lock && !strcmp(lock, "yes") && rule->value[POLICY_GUEST_MAC] && has_bridge;
}

/* lock-mac gives an address to the first caller that asks for it.  Others wait for it. */
static void warn_shared_macs(struct lint *lint, const struct policy_rule *rule) {
    const char *words = rule->value[POLICY_GUEST_MAC];
    char word[POLICY_LINE + 1];

    if (!locks_wanted_macs(rule)) {
        return;
    }
    if (!words_name_one_user(rule->value[POLICY_USER])) {
        lint_warn(lint, lint_key_line(lint, rule, POLICY_GUEST_MAC),
                  "several users may ask for the same guest-mac, and one of them can keep it from "
                  "the others");
    }
    while (policy_next(&words, word)) {
        if (strcspn(word, "*") < strlen(MAKER)) {
            lint_warn(lint, lint_key_line(lint, rule, POLICY_GUEST_MAC),
                      "guest-mac = %s matches addresses of any maker, also a router's: who asks "
                      "for that one gets its traffic",
                      word);
        }
    }
}

/* A range in which some numbers are refused, whatever the policy says. */
static void warn_low_mtu(struct lint *lint, const struct policy_rule *rule) {
    const char *value = rule->value[POLICY_MTU];
    uint32_t mtu = WIRE_MTU_MIN;

    if (!value) {
        return;
    }
    while (mtu < WIRE_MTU_IPV6 && !policy_value_has_mtu(value, mtu)) {
        mtu++;
    }
    if (mtu < WIRE_MTU_IPV6) {
        lint_warn(lint, lint_key_line(lint, rule, POLICY_MTU),
                  "mtu = %s: no tap gets an MTU below %u", value, WIRE_MTU_IPV6);
    }
}

/* In this order for each rule. */
static void (*const warnings[])(struct lint *lint, const struct policy_rule *rule) = {
    warn_shadowed,        warn_mixed_locks, warn_mixed_isolation, warn_nobody,      warn_ids,
    warn_missing_bridges, warn_nameless,    warn_ambiguous_names, warn_shared_macs, warn_low_mtu,
};

void lint_warnings(struct lint *lint) {
    for (size_t i = 0; i < lint->policy.rule_count; i++) {
        for (size_t j = 0; j < sizeof(warnings) / sizeof(warnings[0]); j++) {
            warnings[j](lint, &lint->policy.rules[i]);
        }
    }
}
