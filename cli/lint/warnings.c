// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is valid in a policy, and not what its author can have meant.
 */
#include "cli/accounts.h"
#include "cli/host_bridge.h"
#include "cli/lint/lint.h"

#include <fnmatch.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ids low to high of a word of user =, as the name service has its name. */
static bool read_ids(const char *word, unsigned long *low, unsigned long *high) {
    char id[16], *end;

    if (!strcmp(word, "*")) return *low = 0, *high = UINT32_MAX - 1, true;
    if (lint_id(word, id)) word = id;
    word += word[0] == '%';
    *low = *high = strtoul(word, &end, 10);
    if (end == word) return false;
    if (*end == '-') *high = strtoul(end + 1, NULL, 10);
    return true;
}

/* Does the word name ids within one line of SUBUID?  Only such a word matches subordinate ids. */
static bool is_subordinate(const char *word, const char *subuid) {
    struct policy_subuid line;
    unsigned long low;
    unsigned long high;

    if (!subuid || strchr("%*", word[0]) || !read_ids(word, &low, &high)) {
        return false;
    }
    return policy_subuid_find(subuid, (uint32_t)low, (uint32_t)high, &line);
}

static bool covers_who(const char *wide, const char *narrow, const char *subuid) {
    unsigned long low, high, first, last;

    if (!strcmp(wide, narrow)) {
        return true;
    }
    if (is_subordinate(narrow, subuid) && !is_subordinate(wide, subuid)) {
        return false;
    }
    if (!strcmp(wide, "*")) {
        return true;
    }
    if ((wide[0] == '%') != (narrow[0] == '%') || !strcmp(narrow, "*")) return false;
    return read_ids(wide, &low, &high) && read_ids(narrow, &first, &last) && low <= first && last <= high;
}

/* * does not mean none; what is in the narrow pattern stands for itself. */
static bool covers_bridge(const char *wide, const char *narrow,
                          const char *subuid __attribute__((unused))) {
    if (!strcmp(wide, narrow)) return true;
    if (!strcmp(narrow, "none") || !strcmp(wide, "none")) return false;
    return strchr(narrow, '{') ? !strcmp(wide, "*") : !fnmatch(wide, narrow, 0); /* a placeholder may be anything */
}

/* Is every word of NARROW covered by one of WIDE?  SUBUID is for words of user =. */
static bool covers(const char *wide, const char *narrow, const char *subuid,
                   bool (*covers_word)(const char *, const char *, const char *)) {
    char word[POLICY_LINE + 1], by[POLICY_LINE + 1];

    while (policy_next(&narrow, word)) {
        bool covered = false;

        for (const char *words = wide; !covered && policy_next(&words, by);) {
            covered = covers_word(by, word, subuid);
        }
        if (!covered) return false;
    }
    return true;
}

static void warn_shadowed(struct lint *lint, size_t n) {
    const struct policy_rule *rules = lint->policy.rules, *rule = &rules[n];
    const char *subuid = lint->accounts.subuid;

    for (size_t i = 0; i < n; i++) {
        const char *const *wide = rules[i].value;

        if (!covers(wide[POLICY_BRIDGE], rule->value[POLICY_BRIDGE], NULL, covers_bridge) ||
            !covers(wide[POLICY_USER], rule->value[POLICY_USER], subuid, covers_who)) {
            continue;
        }
        lint_report(lint, rule->line, false, "rule %s can never grant: rule %s (line %u) decides for all its people and bridges",
                    rule->name, rules[i].name, rules[i].line);
        return;
    }
}

/* A bridge that both rules are for, as far as their words tell: the narrower word, into WORD. */
static bool share_bridge(const struct policy_rule *one, const struct policy_rule *other, char word[POLICY_LINE + 1]) {
    char theirs[POLICY_LINE + 1];

    for (const char *words = one->value[POLICY_BRIDGE]; policy_next(&words, word);) {
        for (const char *others = other->value[POLICY_BRIDGE]; strcmp(word, "none") && policy_next(&others, theirs);) {
            if (covers_bridge(theirs, word, NULL)) {
                return true;
            }
            if (!covers_bridge(word, theirs, NULL)) {
                continue;
            }
            memcpy(word, theirs, sizeof(theirs));
            return true;
        }
    }
    return false;
}

/* One port without lock-mac is enough to send with the addresses of all, and one that is not isolated reaches all. */
static void warn_mixed(struct lint *lint, size_t n, enum policy_key key, const char *then) {
    const struct policy_rule *rules = lint->policy.rules, *rule = &rules[n];
    char bridge[POLICY_LINE + 1];

    for (size_t i = 0; i < n; i++) {
        if (!rules[i].value[key] || !rule->value[key] || !strcmp(rules[i].value[key], rule->value[key])) continue;
        if (!share_bridge(&rules[i], rule, bridge)) continue;
        lint_report(lint, lint_line(lint, rule, key), false,
                    "on bridge %s rule %s (line %u) says %s = %s, and rule %s %s: %s", bridge, rules[i].name, rules[i].line,
                    policy_key_name(key), rules[i].value[key], rule->name, rule->value[key], then);
        return;
    }
}

/* Has anybody an id that the word means?  A subordinate id is somebody's, without an account. */
static bool has_people(const char *word, const char *subuid) {
    const struct passwd *user;
    unsigned long low, high;
    bool found = false;

    if (!read_ids(word, &low, &high)) return false;
    if (is_subordinate(word, subuid)) {
        return true;
    }
    if (word[0] == '%') return getgrgid((gid_t)low);
    if (low == high) return getpwuid((uid_t)low);
    setpwent();
    while (!found && (user = getpwent())) found = user->pw_uid >= low && user->pw_uid <= high;
    endpwent();
    return found;
}

static void warn_people(struct lint *lint, const struct policy_rule *rule) {
    const char *words = rule->value[POLICY_USER];
    char word[POLICY_LINE + 1];

    while (policy_next(&words, word)) {
        if (has_people(word, lint->accounts.subuid)) {
            return;
        }
    }
    lint_report(lint, lint_line(lint, rule, POLICY_USER), false, "rule %s can never grant: nobody it names exists on this host",
                rule->name);
}

/* How many lines have ids from LOW to HIGH; the first of them is FOUND. */
static size_t find_overlap(const char *subuid, uint32_t low, uint32_t high,
                           struct policy_subuid *found) {
    struct policy_subuid line = {0};
    size_t count = 0;

    while (policy_subuid_next(&subuid, &line)) {
        if (line.last < low || line.first > high) {
            continue;
        }
        if (!count) {
            *found = line;
        }
        count++;
    }
    return count;
}

/* WORD has ids from LOW to HIGH, some or all of them subordinate ones. */
static void warn_subordinate_word(struct lint *lint, unsigned number, const char *word,
                                  uint32_t low, uint32_t high) {
    const char *subuid = lint->accounts.subuid;
    struct policy_subuid line;
    char owner[ACCOUNTS_OWNER];
    char more[40] = "";
    size_t count;

    if (policy_subuid_find(subuid, low, high, &line)) {
        lint_report(lint, number, false, "%s: %s of %s (/etc/subuid:%u), who can use %s", word,
                    low == high ? "a subordinate id" : "subordinate ids",
                    accounts_owner(&line, owner), line.line,
                    low == high ? "it and its quota" : "all of them, and has a quota for each");
        return;
    }
    count = find_overlap(subuid, low, high, &line);
    if (count > 1) {
        snprintf(more, sizeof(more), " and %zu more", count - 1);
    }
    if (count) {
        lint_report(lint, number, false,
                    "%s: the subordinate ids of %s (/etc/subuid:%u%s) are not matched by it", word,
                    accounts_owner(&line, owner), line.line, more);
    }
}

/* Words for ids that are not people's, and for ids of which one user has many. */
static void warn_ids(struct lint *lint, const struct policy_rule *rule) {
    const unsigned number = lint_line(lint, rule, POLICY_USER);
    const char *words = rule->value[POLICY_USER];
    char word[POLICY_LINE + 1];
    unsigned long low;
    unsigned long high;

    while (policy_next(&words, word)) {
        if (!strcmp(word, "*")) {
            lint_report(lint, number, false,
                        "user = * also means daemons and transient ids, each with a quota of its "
                        "own; for people write 1000-59999");
        } else if (word[0] != '%' && lint->accounts.subuid && read_ids(word, &low, &high)) {
            warn_subordinate_word(lint, number, word, (uint32_t)low, (uint32_t)high);
        }
    }
}

static void warn_bridges(struct lint *lint, const struct policy_rule *rule) {
    const char *words = rule->value[POLICY_BRIDGE];
    char word[POLICY_LINE + 1];

    while (policy_next(&words, word)) {
        struct host_bridge bridge;

        if (!strcmp(word, "none") || word[strcspn(word, "*{")]) continue;
        bridge = host_bridge_look(word);
        if (!bridge.facts.exists)
            lint_report(lint, lint_line(lint, rule, POLICY_BRIDGE), false, "bridge %s %s on this host", word,
                        bridge.is_link ? "is no bridge" : "does not exist");
    }
}

/* {user} has nothing to stand for where an id has no name. */
static void warn_nameless(struct lint *lint, const struct policy_rule *rule) {
    static const enum policy_key patterns[] = {POLICY_BRIDGE, POLICY_DEV};
    const char *words = rule->value[POLICY_USER];
    char word[POLICY_LINE + 1];
    bool says_user = false;

    for (size_t i = 0; i < 2; i++) says_user |= rule->value[patterns[i]] && strstr(rule->value[patterns[i]], "{user}");
    while (says_user && policy_next(&words, word)) {
        unsigned long low, high;

        if (word[0] != '%' && read_ids(word, &low, &high) && low == high && !getpwuid((uid_t)low))
            lint_report(lint, lint_line(lint, rule, POLICY_USER), false,
                        "{user} stands for nothing for uid %lu, which has no name: it is denied everything", low);
    }
}

static bool one_person(const struct policy_rule *rule) {
    const char *words = rule->value[POLICY_USER];
    char word[POLICY_LINE + 1];
    unsigned long low = 0, high = 1;
    size_t count = 0;

    for (; policy_next(&words, word); count++)
        if (word[0] == '%' || !read_ids(word, &low, &high)) return false;
    return count == 1 && low == high;
}

/* Can a name that the pattern gives one user be another's as well? */
static const char *ambiguous(const char *pattern) {
    const char *uid = strstr(pattern, "{uid}"), *user = strstr(pattern, "{user}"), *star = strchr(pattern, '*');

    if (!uid && !user) return "names nobody";
    if (uid) {
        bool bounded = (uid == pattern || !strchr("*}0123456789", uid[-1])) && !strchr("*0123456789{", uid[5] ? uid[5] : 'x');

        if (memchr(pattern, '*', (size_t)(uid - pattern)) && strchr(uid, '*')) return "has {uid} between two *";
        return bounded ? NULL : "does not end {uid} with what is no digit: 10 and 100";
    }
    return star ? "lets one user's names begin like another's: al and al-ice" : NULL;
}

static void warn_names(struct lint *lint, const struct policy_rule *rule) {
    const char *words = rule->value[POLICY_DEV], *reason;
    char word[POLICY_LINE + 1];

    if (one_person(rule)) return;
    while (words && policy_next(&words, word)) {
        reason = ambiguous(word);
        if (reason)
            lint_report(lint, lint_line(lint, rule, POLICY_DEV), false,
                        "dev = %s %s; one user's names can be another's: u{uid}-* keeps them apart", word, reason);
    }
}

/* lock-mac gives an address to who asks first, and nobody else gets it meanwhile; nor its traffic. */
static void warn_shared_macs(struct lint *lint, const struct policy_rule *rule) {
    const char *lock = rule->value[POLICY_LOCK_MAC];

    const char *words = rule->value[POLICY_GUEST_MAC];
    char word[POLICY_LINE + 1];

    if (!lock || strcmp(lock, "yes") || !words) {
        return;
    }
    if (covers("none", rule->value[POLICY_BRIDGE], NULL, covers_bridge)) {
        return;
    }
    if (!one_person(rule))
        lint_report(lint, lint_line(lint, rule, POLICY_GUEST_MAC), false,
                    "several users may ask for the same guest-mac, and one of them can keep it from the others");
    while (policy_next(&words, word))
        if (strcspn(word, "*") < strlen("52:54:00"))
            lint_report(lint, lint_line(lint, rule, POLICY_GUEST_MAC), false,
                        "guest-mac = %s matches addresses of any maker, also a router's: who asks for that one gets its traffic",
                        word);
}

/* A range in which some numbers are refused, whatever the policy says. */
static void warn_mtu(struct lint *lint, const struct policy_rule *rule) {
    const char *mtu = rule->value[POLICY_MTU];

    if (!mtu || strtoul(mtu, NULL, 10) >= WIRE_MTU_IPV6) {
        return;
    }
    lint_report(lint, lint_line(lint, rule, POLICY_MTU), false, "mtu = %s: no tap gets an MTU below %u", mtu, WIRE_MTU_IPV6);
}

void lint_warnings(struct lint *lint) {
    for (size_t i = 0; i < lint->policy.rule_count; i++) {
        const struct policy_rule *rule = &lint->policy.rules[i];

        warn_shadowed(lint, i);
        warn_mixed(lint, i, POLICY_LOCK_MAC, "ports without it can send with the addresses of those that have it");
        warn_mixed(lint, i, POLICY_ISOLATE, "ports without it and those that have it reach each other");
        warn_people(lint, rule);
        warn_ids(lint, rule);
        warn_bridges(lint, rule);
        warn_nameless(lint, rule);
        warn_names(lint, rule);
        warn_shared_macs(lint, rule);
        warn_mtu(lint, rule);
    }
}
