// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Whom a rule names, and whom its author can hardly have meant.
 */
#include "cli/lint/warnings.h"
#include "cli/lint/words.h"
#include "cli/shared/accounts.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>

void warn_nobody(struct lint *lint, const struct policy_rule *rule) {
    const char *words = rule->value[POLICY_USER];
    char word[POLICY_LINE + 1];

    while (policy_next(&words, word)) {
        if (word_has_people(word, &lint->accounts)) {
            return;
        }
    }
    lint_warn(lint, lint_key_line(lint, rule, POLICY_USER),
              "rule %s can never grant: nobody it names exists on this host", rule->name);
}

/* How many lines of SUBUID have one of the ids; the first of them is FOUND. */
static size_t find_overlap(const char *subuid,
                           const struct word_ids *ids,
                           struct policy_subuid *found) {
    struct policy_subuid line = {.line = 0};
    size_t count = 0;

    while (policy_subuid_next(&subuid, &line)) {
        if (line.last < ids->first || line.first > ids->last) {
            continue;
        }
        if (!count) {
            *found = line;
        }
        count++;
    }
    return count;
}

static void warn_all_subordinate(struct lint *lint,
                                 unsigned number,
                                 const char *word,
                                 const struct word_ids *ids,
                                 const struct policy_subuid *line) {
    const char *what = "subordinate ids";
    const char *use = "all of them, and has a quota for each";
    char owner[ACCOUNTS_OWNER];

    if (ids->first == ids->last) {
        what = "a subordinate id";
        use = "it and its quota";
    }
    lint_warn(lint, number, "%s: %s of %s (/etc/subuid:%u), who can use %s", word, what,
              accounts_owner(line, owner), line->line, use);
}

/* Some or all of the word's IDS may be subordinate ones. */
static void warn_subordinate(struct lint *lint,
                             unsigned number,
                             const char *word,
                             const struct word_ids *ids) {
    const char *subuid = lint->accounts.subuid;
    struct policy_subuid line;
    char owner[ACCOUNTS_OWNER];
    char more[40] = "";
    size_t count;

    if (policy_subuid_find(subuid, ids->first, ids->last, &line)) {
        warn_all_subordinate(lint, number, word, ids, &line);
        return;
    }
    count = find_overlap(subuid, ids, &line);
    if (!count) {
        return;
    }
    if (count > 1) {
        snprintf(more, sizeof(more), " and %zu more", count - 1);
    }
    lint_warn(lint, number,
              "%s: the subordinate ids of %s (/etc/subuid:%u%s) are not matched by it", word,
              accounts_owner(&line, owner), line.line, more);
}

/* Words for ids that are not people's, and for ids of which one user has many. */
void warn_ids(struct lint *lint, const struct policy_rule *rule) {
    struct lint_word word = {.line = 0};
    struct word_ids ids;

    while (lint_next_word(lint, rule, POLICY_USER, &word)) {
        if (!strcmp(word.text, "*")) {
            lint_warn(lint, word.line,
                      "user = * also means daemons and transient ids, each with a quota of its "
                      "own; for people write 1000-59999");
        } else if (word.text[0] != '%' && lint->accounts.subuid && word_ids_read(word.text, &ids)) {
            warn_subordinate(lint, word.line, word.text, &ids);
        }
    }
}

static bool says_user(const struct policy_rule *rule) {
    const char *bridge = rule->value[POLICY_BRIDGE];
    const char *dev = rule->value[POLICY_DEV];

    return strstr(bridge, "{user}") || (dev && strstr(dev, "{user}"));
}

/* {user} has nothing to stand for where an id has no name. */
void warn_nameless(struct lint *lint, const struct policy_rule *rule) {
    struct lint_word word = {.line = 0};
    struct word_ids ids;

    if (!says_user(rule)) {
        return;
    }
    while (lint_next_word(lint, rule, POLICY_USER, &word)) {
        if (policy_word_is_broad(word.text) || !word_ids_read(word.text, &ids) ||
            getpwuid(ids.first)) {
            continue;
        }
        lint_warn(lint, word.line,
                  "{user} stands for nothing for uid %u, which has no name: it is denied "
                  "everything",
                  ids.first);
    }
}
