// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The names of taps that a rule allows: can a name that is one user's be another's as well?
 */
#include "cli/lint/warnings.h"
#include "cli/lint/words.h"

#include <string.h>

#define UID "{uid}"
#define USER "{user}"

/* Is there, on both sides of UID in PATTERN, a byte that no id can be mistaken for? */
static bool is_bounded(const char *pattern, const char *uid) {
    char before = uid == pattern ? 0 : uid[-1];
    char after = uid[strlen(UID)];
    bool may_end_in_digit = before && strchr("*}0123456789", before);
    bool may_go_on_with_digit = after && strchr("*{0123456789", after);

    return !may_end_in_digit && !may_go_on_with_digit;
}

/* In words, why names of PATTERN can be several users'; NULL: they cannot. */
static const char *find_ambiguity(const char *pattern) {
    const char *uid = strstr(pattern, UID);
    const char *star = strchr(pattern, '*');

    if (uid && star && star < uid && strchr(uid, '*')) {
        return "has {uid} between two *";
    }
    if (uid) {
        return is_bounded(pattern, uid) ? NULL
                                        : "does not end {uid} with what is no digit: 10 and 100";
    }
    if (!strstr(pattern, USER)) {
        return "names nobody";
    }
    return star ? "lets one user's names begin like another's: al and al-ice" : NULL;
}

void warn_ambiguous_names(struct lint *lint, const struct policy_rule *rule) {
    const char *words = rule->value[POLICY_DEV];
    char word[POLICY_LINE + 1];

    if (!words || words_name_one_user(rule->value[POLICY_USER])) {
        return;
    }
    while (policy_next(&words, word)) {
        const char *ambiguity = find_ambiguity(word);

        if (ambiguity) {
            lint_warn(lint, lint_key_line(lint, rule, POLICY_DEV),
                      "dev = %s %s; one user's names can be another's: u{uid}-* keeps them apart",
                      word, ambiguity);
        }
    }
}
