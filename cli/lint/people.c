// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The accounts of this host are read once, when a warning first asks for them.  A name service that
 * lists nobody leaves some warnings out; none is wrong for it.
 */
#include "cli/lint/people.h"
#include "cli/lint/words.h"

#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#define EVERYBODY 10000 /* ids: a range of more is no list of people, but everybody's */

static bool has_uid(const struct lint *lint, uid_t uid) {
    for (size_t i = 0; lint->people && i < lint->people_count; i++) {
        if (lint->people[i].uid == uid) {
            return true;
        }
    }
    return false;
}

static unsigned find_line(const struct lint *lint, uid_t uid) {
    const char *subuid = lint->accounts.subuid;
    struct policy_subuid line;

    return subuid && policy_subuid_find(subuid, uid, uid, &line) ? line.line : 0;
}

/* Of an id with several names the first counts, as in the helper. */
static void add_person(struct lint *lint, const struct passwd *user) {
    struct person *people;
    struct person *person;

    if (has_uid(lint, user->pw_uid) || strlen(user->pw_name) >= PERSON_NAME) {
        return;
    }
    people = reallocarray(lint->people, lint->people_count + 1, sizeof(*people));
    if (!people) {
        return;
    }
    lint->people = people;
    person = &people[lint->people_count];
    *person = (struct person){.uid = user->pw_uid, .gid = user->pw_gid};
    person->subuid_line = find_line(lint, user->pw_uid);
    memcpy(person->name, user->pw_name, strlen(user->pw_name));
    lint->people_count++;
}

static void read_people(struct lint *lint) {
    const struct passwd *user;

    setpwent();
    for (user = getpwent(); user; user = getpwent()) {
        add_person(lint, user);
    }
    endpwent();
}

static void read_groups(struct person *person) {
    int count = NGROUPS_MAX;
    gid_t *groups = calloc(NGROUPS_MAX, sizeof(*groups));

    if (!groups) {
        return;
    }
    if (getgrouplist(person->name, person->gid, groups, &count) < 0) {
        count = 0;
    }
    person->groups = groups;
    person->group_count = count;
}

static bool is_named(const struct lint *lint, const char *value, struct person *person) {
    struct policy_subject subject = {.accounts = &lint->accounts,
                                     .subuid_line = person->subuid_line};

    if (strchr(value, '%') && !person->groups) {
        read_groups(person);
    }
    subject.caller =
        (struct caller){person->uid, person->gid, person->groups, (size_t)person->group_count};
    return policy_value_has_caller(value, &subject);
}

static int compare_people(const void *one, const void *other) {
    const struct person *const *a = one;
    const struct person *const *b = other;

    return strcmp((*a)->name, (*b)->name);
}

struct people people_named(struct lint *lint, const char *value) {
    struct people people = {.count = 0};

    if (!lint->people && !lint->options->syntax) {
        read_people(lint);
    }
    if (!lint->people) {
        return people;
    }
    people.person = calloc(lint->people_count + 1, sizeof(const struct person *));
    for (size_t i = 0; people.person && i < lint->people_count; i++) {
        if (is_named(lint, value, &lint->people[i])) {
            people.person[people.count] = &lint->people[i];
            people.count++;
        }
    }
    if (people.count) {
        qsort(people.person, people.count, sizeof(const struct person *), compare_people);
    }
    return people;
}

/* Of one word. */
static size_t count_word(struct lint *lint, const char *word) {
    struct people people;
    struct word_ids ids;

    if (word[0] != '%' && word_ids_read(word, &ids) && ids.last - ids.first < EVERYBODY) {
        return (size_t)ids.last - ids.first + 1;
    }
    people = people_named(lint, word);
    free(people.person);
    return people.count;
}

size_t people_count(struct lint *lint, const char *value) {
    char word[POLICY_LINE + 1];
    size_t count = 0;

    while (policy_next(&value, word)) {
        count += count_word(lint, word);
    }
    return count;
}

static bool words_share(const char *one, const char *other) {
    struct word_ids a;
    struct word_ids b;

    if (!strcmp(one, other) || !strcmp(one, "*") || !strcmp(other, "*")) {
        return true;
    }
    if ((one[0] == '%') != (other[0] == '%') || !word_ids_read(one, &a) ||
        !word_ids_read(other, &b)) {
        return false;
    }
    return a.first <= b.last && b.first <= a.last;
}

static bool word_shares(const char *word, const char *others) {
    char other[POLICY_LINE + 1];

    while (policy_next(&others, other)) {
        if (words_share(word, other)) {
            return true;
        }
    }
    return false;
}

bool people_share(struct lint *lint, const char *one, const char *other) {
    struct people people = people_named(lint, one);
    const char *words = one;
    char word[POLICY_LINE + 1];
    bool is_shared = false;

    while (!is_shared && policy_next(&words, word)) {
        is_shared = word_shares(word, other);
    }
    for (size_t i = 0; i < people.count && !is_shared; i++) {
        struct person *person = &lint->people[people.person[i] - lint->people];

        is_shared = is_named(lint, other, person);
    }
    free(people.person);
    return is_shared;
}

void people_free(struct lint *lint) {
    for (size_t i = 0; i < lint->people_count; i++) {
        free(lint->people[i].groups);
    }
    free(lint->people);
    lint->people = NULL;
    lint->people_count = 0;
}
