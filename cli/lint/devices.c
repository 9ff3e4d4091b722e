// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The names of taps and bridges that a rule allows: can a name that is one user's be another's as
 * well, and is there a name for each user?
 */
#include "cli/lint/people.h"
#include "cli/lint/warnings.h"
#include "cli/lint/words.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UID "{uid}"
#define USER "{user}"
#define EXPANDED 512  /* bytes of a pattern with a user's name in it; longer ones are no name's */
#define AMBIGUITY 200 /* bytes */

/* Is there, on both sides of UID in PATTERN, a byte that no id can be mistaken for? */
static bool is_bounded(const char *pattern, const char *uid) {
    char before = uid == pattern ? 0 : uid[-1];
    char after = uid[strlen(UID)];
    bool may_end_in_digit = before && strchr("*}0123456789", before);
    bool may_go_on_with_digit = after && strchr("*{0123456789", after);

    return !may_end_in_digit && !may_go_on_with_digit;
}

/* Into TEXT the pattern with the user in it, and STAR in the place of each *. */
static void expand(const char *pattern,
                   const struct person *person,
                   const char *star,
                   char text[EXPANDED]) {
    size_t length = 0;

    text[0] = 0;
    while (*pattern && length < EXPANDED) {
        int added;

        if (!strncmp(pattern, USER, strlen(USER))) {
            added = snprintf(text + length, EXPANDED - length, "%s", person->name);
            pattern += strlen(USER);
        } else if (!strncmp(pattern, UID, strlen(UID))) {
            added = snprintf(text + length, EXPANDED - length, "%u", person->uid);
            pattern += strlen(UID);
        } else if (*pattern == '*') {
            added = snprintf(text + length, EXPANDED - length, "%s", star);
            pattern++;
        } else {
            added = snprintf(text + length, EXPANDED - length, "%c", *pattern);
            pattern++;
        }
        length += (size_t)added;
    }
}

static bool is_name_of(enum policy_key key, const char *text) {
    return key == POLICY_DEV ? wire_dev_valid(text) : wire_bridge_valid(text);
}

/* Is there a name that the pattern matches for the user? */
static bool has_name(enum policy_key key, const char *pattern, const struct person *person) {
    char text[EXPANDED];

    expand(pattern, person, "", text);
    if (strlen(text) < WIRE_NAME && is_name_of(key, text)) {
        return true;
    }
    expand(pattern, person, "x", text);
    return strlen(text) < WIRE_NAME && is_name_of(key, text);
}

/* Is there a name that the pattern matches for both users? */
static bool share_name(const char *pattern, const struct person *one, const struct person *other) {
    char wide[EXPANDED];
    char text[EXPANDED];

    expand(pattern, one, "*", wide);
    expand(pattern, other, "x", text);
    if (strlen(text) >= WIRE_NAME || !wire_dev_valid(text)) {
        expand(pattern, other, "", text);
    }
    return strlen(text) < WIRE_NAME && wire_dev_valid(text) && !fnmatch(wide, text, 0);
}

/*
 * Finds two users of this host that share a name of PATTERN, in which no * stands before {user}: so
 * the name of one begins with that of the other, and they are near each other.  False: there are
 * none, as far as is known.
 */
static bool find_pair(const struct people *people,
                      const char *pattern,
                      const struct person *pair[2]) {
    for (size_t i = 0; i < people->count; i++) {
        size_t length = strlen(people->person[i]->name);

        pair[0] = people->person[i];
        for (size_t j = i + 1; j < people->count; j++) {
            pair[1] = people->person[j];
            if (strncmp(pair[0]->name, pair[1]->name, length) != 0) {
                break;
            }
            if (share_name(pattern, pair[0], pair[1])) {
                return true;
            }
        }
    }
    return false;
}

static bool has_broad_word(const char *words) {
    char word[POLICY_LINE + 1];

    while (policy_next(&words, word)) {
        if (policy_word_is_broad(word)) {
            return true;
        }
    }
    return false;
}

/*
 * Says whose names of PATTERN, which has {user} and *, begin alike.  False: nobody's, for users
 * that are listed one by one are all known.
 */
static bool write_alike(struct lint *lint,
                        const char *users,
                        const char *pattern,
                        char ambiguity[AMBIGUITY]) {
    bool begins_with_user = strstr(pattern, USER) < strchr(pattern, '*');
    struct people people = people_named(lint, users);
    const struct person *pair[2];
    const char *one = "al";
    const char *other = "al-ice";
    bool found = find_pair(&people, pattern, pair);

    free(people.person);
    if (found) {
        one = pair[0]->name;
        other = pair[1]->name;
    } else if (begins_with_user && !has_broad_word(users)) {
        return false;
    }
    snprintf(ambiguity, AMBIGUITY, "lets one user's names begin like another's: %.60s and %.60s",
             one, other);
    return true;
}

/* In words, why names of PATTERN can be several users'.  False: they cannot. */
static bool write_ambiguity(struct lint *lint,
                            const char *users,
                            const char *pattern,
                            char ambiguity[AMBIGUITY]) {
    const char *uid = strstr(pattern, UID);
    const char *star = strchr(pattern, '*');

    if (uid && star && star < uid && strchr(uid, '*')) {
        snprintf(ambiguity, AMBIGUITY, "has {uid} between two *");
        return true;
    }
    if (uid) {
        snprintf(ambiguity, AMBIGUITY, "does not end {uid} with what is no digit: 10 and 100");
        return !is_bounded(pattern, uid);
    }
    if (!strstr(pattern, USER)) {
        snprintf(ambiguity, AMBIGUITY, "names nobody");
        return true;
    }
    return star && write_alike(lint, users, pattern, ambiguity);
}

void warn_ambiguous_names(struct lint *lint, const struct policy_rule *rule) {
    const char *users = rule->value[POLICY_USER];
    struct lint_word word = {.line = 0};
    char ambiguity[AMBIGUITY];

    if (words_name_one_user(users)) {
        return;
    }
    while (lint_next_word(lint, rule, POLICY_DEV, &word)) {
        if (write_ambiguity(lint, users, word.text, ambiguity)) {
            lint_warn(lint, word.line,
                      "dev = %s %s; one user's names can be another's: u{uid}-* keeps them apart",
                      word.text, ambiguity);
        }
    }
}

/* Some users have no name for a tap, or a bridge, of this word. */
static void warn_impossible(struct lint *lint,
                            const struct policy_rule *rule,
                            enum policy_key key,
                            const struct lint_word *word) {
    struct people people = people_named(lint, rule->value[POLICY_USER]);
    const struct person *first = NULL;
    const char *allowed = "printable bytes";
    char more[40] = "";
    size_t count = 0;

    for (size_t i = 0; i < people.count; i++) {
        if (has_name(key, word->text, people.person[i])) {
            continue;
        }
        first = first ? first : people.person[i];
        count++;
    }
    free(people.person);
    if (!first) {
        return;
    }
    if (count > 1) {
        snprintf(more, sizeof(more), " and %zu more", count - 1);
    }
    if (key == POLICY_DEV) {
        allowed = "A-Z a-z 0-9 _ -, a letter first";
    }
    lint_warn(lint, word->line,
              "%s = %s can match no name for user %s%s: a name has 1-15 of %s; {uid} always fits",
              policy_key_name(key), word->text, first->name, more, allowed);
}

void warn_impossible_names(struct lint *lint, const struct policy_rule *rule) {
    static const enum policy_key keys[] = {POLICY_BRIDGE, POLICY_DEV};

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        struct lint_word word = {.line = 0};

        while (lint_next_word(lint, rule, keys[i], &word)) {
            if (strstr(word.text, USER)) {
                warn_impossible(lint, rule, keys[i], &word);
            }
        }
    }
}
