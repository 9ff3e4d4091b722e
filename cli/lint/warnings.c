// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is valid in a policy, and not what its author can have meant.
 */
#include "cli/lint/warnings.h"
#include "cli/lint/people.h"
#include "cli/lint/words.h"
#include "cli/shared/host_bridge.h"

#include <string.h>

#define MAKER "52:54:00" /* an address with so many bytes fixed is of one maker */

static bool grants_nothing(const struct policy_rule *rule) {
    return !policy_number(rule, POLICY_MAX);
}

/* The first rule before RULE that decides for all that the two words mean.  NULL: there is none. */
static const struct policy_rule *find_covering(const struct lint *lint,
                                               const struct policy_rule *rule,
                                               const char *user,
                                               const char *bridge) {
    const struct policy_rule *earlier = lint->policy.rules;

    while (earlier < rule &&
           (!bridges_cover(earlier->value[POLICY_BRIDGE], bridge) ||
            !users_cover(earlier->value[POLICY_USER], user, lint->accounts.subuid))) {
        earlier++;
    }
    return earlier < rule ? earlier : NULL;
}

/*
 * Do earlier rules decide for all people and bridges of RULE?  *LAST is the last of them, and
 * *ARE_MANY says whether there are others.
 */
static bool is_shadowed(const struct lint *lint,
                        const struct policy_rule *rule,
                        const struct policy_rule **last,
                        bool *are_many) {
    const char *users = rule->value[POLICY_USER];
    char user[POLICY_LINE + 1];
    char bridge[POLICY_LINE + 1];

    *last = NULL;
    *are_many = false;
    while (policy_next(&users, user)) {
        const char *bridges = rule->value[POLICY_BRIDGE];

        while (policy_next(&bridges, bridge)) {
            const struct policy_rule *earlier = find_covering(lint, rule, user, bridge);

            if (!earlier) {
                return false;
            }
            *are_many |= *last && *last != earlier;
            *last = earlier > *last ? earlier : *last;
        }
    }
    return *last;
}

/* The first rule that names the caller and the bridge decides alone. */
static void warn_shadowed(struct lint *lint, const struct policy_rule *rule) {
    const char *what = grants_nothing(rule) ? "deny" : "grant";
    const struct policy_rule *last;
    bool are_many;

    if (!is_shadowed(lint, rule, &last, &are_many)) {
        return;
    }
    lint_warn(lint, rule->line,
              "rule %s can never %s: rule %s (line %u) %s for all its people and bridges",
              rule->name, what, last->name, last->line,
              are_many ? "and others before it decide" : "decides");
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
        if (grants_nothing(earlier) || !differ(earlier, rule, key) ||
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
    struct lint_word word = {.line = 0};

    while (lint_next_word(lint, rule, POLICY_BRIDGE, &word)) {
        bool is_pattern = strpbrk(word.text, "*{");
        struct host_bridge bridge;

        if (is_pattern || !strcmp(word.text, "none")) {
            continue;
        }
        bridge = host_bridge_look(word.text);
        if (!bridge.facts.exists && !bridge.error) {
            lint_warn(lint, word.line, "bridge %s %s on this host", word.text,
                      bridge.is_link ? "is no bridge" : "does not exist");
        }
    }
}

/* Does the rule name a bridge that several of its users share? */
static bool has_shared_bridge(const struct policy_rule *rule) {
    const char *words = rule->value[POLICY_BRIDGE];
    char word[POLICY_LINE + 1];

    while (policy_next(&words, word)) {
        if (strcmp(word, "none") != 0 && !strchr(word, '{')) {
            return true;
        }
    }
    return false;
}

/* Quotas are each user's, and the ports of a bridge all users'. */
static void warn_crowded(struct lint *lint, const struct policy_rule *rule) {
    uint32_t max = policy_number(rule, POLICY_MAX);
    size_t users;

    if (!has_shared_bridge(rule)) {
        return;
    }
    users = people_count(lint, rule->value[POLICY_USER]);
    if (users * max > HOST_BRIDGE_PORTS) {
        lint_warn(lint, lint_key_line(lint, rule, POLICY_MAX),
                  "max = %u for %zu users is more than the %u ports that a bridge has: who comes "
                  "last gets none",
                  max, users, HOST_BRIDGE_PORTS);
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
    struct lint_word word = {.line = 0};

    if (!locks_wanted_macs(rule)) {
        return;
    }
    if (!words_name_one_user(rule->value[POLICY_USER])) {
        lint_warn(lint, lint_key_line(lint, rule, POLICY_GUEST_MAC),
                  "several users may ask for the same guest-mac, and one of them can keep it from "
                  "the others");
    }
    while (lint_next_word(lint, rule, POLICY_GUEST_MAC, &word)) {
        if (strcspn(word.text, "*") < strlen(MAKER)) {
            lint_warn(lint, word.line,
                      "guest-mac = %s matches addresses of any maker, also a router's: who asks "
                      "for that one gets its traffic",
                      word.text);
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

/* Does the later rule grant RULE's users something on a bridge that RULE does not name? */
static bool grants_beside(struct lint *lint,
                          const struct policy_rule *rule,
                          const struct policy_rule *later,
                          char bridge[POLICY_LINE + 1]) {
    const char *bridges = later->value[POLICY_BRIDGE];
    bool is_beside = false;

    if (grants_nothing(later)) {
        return false;
    }
    while (!is_beside && policy_next(&bridges, bridge)) {
        is_beside = !bridges_cover(rule->value[POLICY_BRIDGE], bridge);
    }
    return is_beside && people_share(lint, rule->value[POLICY_USER], later->value[POLICY_USER]);
}

/* max = 0 takes its users out on the bridges that it names, and on no other. */
static void warn_taken_out_in_part(struct lint *lint, const struct policy_rule *rule) {
    const struct policy_rule *end = lint->policy.rules + lint->policy.rule_count;
    char bridge[POLICY_LINE + 1];

    if (!grants_nothing(rule)) {
        return;
    }
    for (const struct policy_rule *later = rule + 1; later < end; later++) {
        if (grants_beside(lint, rule, later, bridge)) {
            lint_warn(lint, lint_key_line(lint, rule, POLICY_BRIDGE),
                      "rule %s (max = 0) takes its users out for %s alone; rule %s (line %u) still "
                      "grants them %s: for all, write bridge = * none",
                      rule->name, rule->value[POLICY_BRIDGE], later->name, later->line, bridge);
            return;
        }
    }
}

static const struct {
    void (*warn)(struct lint *lint, const struct policy_rule *rule);
    bool is_about_taps; /* a rule that grants nothing makes none */
    bool is_about_host; /* its accounts and its bridges */
} warnings[] = {
    {warn_shadowed, false, false},       {warn_taken_out_in_part, false, false},
    {warn_mixed_locks, true, false},     {warn_mixed_isolation, true, false},
    {warn_nobody, false, true},          {warn_ids, false, false},
    {warn_missing_bridges, false, true}, {warn_nameless, false, true},
    {warn_ambiguous_names, true, false}, {warn_impossible_names, true, true},
    {warn_shared_macs, true, false},     {warn_low_mtu, true, false},
    {warn_crowded, true, false},
};

static bool matters(const struct lint *lint, const struct policy_rule *rule, size_t n) {
    if (warnings[n].is_about_taps && grants_nothing(rule)) {
        return false;
    }
    return !warnings[n].is_about_host || !lint->options->syntax;
}

void lint_warnings(struct lint *lint) {
    for (size_t i = 0; i < lint->policy.rule_count; i++) {
        const struct policy_rule *rule = &lint->policy.rules[i];

        for (size_t j = 0; j < sizeof(warnings) / sizeof(warnings[0]); j++) {
            if (matters(lint, rule, j)) {
                warnings[j].warn(lint, rule);
            }
        }
    }
}
