// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The words of user = as ids.  The name service may be asked here, unlike in the helper.
 */
#include "cli/lint/words.h"

#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_name(const char *word) {
    return word[strspn(word, "%*-0123456789")];
}

/* What the name service said of a name.  Words are compared in pairs: it is asked once for each. */
struct known_name {
    char word[POLICY_LINE + 1];
    char id[WORD_ID]; /* "": nobody has it */
};

/* In the order of their words; kept until the next file. */
static struct known_name *names;
static size_t name_count;

/* State of words_begin(): words are compared in many places, and the files are the same in all. */
static const struct policy_accounts *files;
static bool may_ask_service = true;

void words_begin(const struct policy_accounts *accounts, bool may_ask) {
    free(names);
    names = NULL;
    name_count = 0;
    files = accounts;
    may_ask_service = may_ask;
}

/* Where the word is, or belongs. */
static size_t find_name(const char *word) {
    size_t first = 0;
    size_t end = name_count;

    while (first < end) {
        size_t middle = (first + end) / 2;

        if (strcmp(names[middle].word, word) < 0) {
            first = middle + 1;
        } else {
            end = middle;
        }
    }
    return first;
}

/* Into ID what is to be written for the name; it stays "" where nobody has the name. */
static void find_id(const char *word, char id[WORD_ID]) {
    const struct passwd *user;
    const struct group *group;
    uint32_t number;

    if (files && policy_name_id(files, word, &number)) {
        snprintf(id, WORD_ID, "%s%u", word[0] == '%' ? "%" : "", number);
        return;
    }
    if (!may_ask_service) {
        return;
    }
    if (word[0] == '%') {
        group = getgrnam(word + 1);
        if (group) {
            snprintf(id, WORD_ID, "%%%u", group->gr_gid);
        }
        return;
    }
    user = getpwnam(word);
    if (user) {
        snprintf(id, WORD_ID, "%u", user->pw_uid);
    }
}

/* Without memory, or for what is longer than a line, the name service is asked again. */
static void keep_name(size_t place, const char *word, const char id[WORD_ID]) {
    struct known_name *larger;

    if (strlen(word) > POLICY_LINE) {
        return;
    }
    larger = reallocarray(names, name_count + 1, sizeof(*names));
    if (!larger) {
        return;
    }
    names = larger;
    memmove(&names[place + 1], &names[place], (name_count - place) * sizeof(*names));
    names[place] = (struct known_name){.word = ""};
    memcpy(names[place].word, word, strlen(word));
    memcpy(names[place].id, id, WORD_ID);
    name_count++;
}

bool word_id(const char *word, char id[WORD_ID]) {
    size_t place = find_name(word);

    if (!is_name(word)) {
        return false;
    }
    if (place < name_count && !strcmp(names[place].word, word)) {
        memcpy(id, names[place].id, WORD_ID);
        return id[0];
    }
    memset(id, 0, WORD_ID);
    find_id(word, id);
    keep_name(place, word, id);
    return id[0];
}

bool word_ids_read(const char *word, struct word_ids *ids) {
    char id[WORD_ID];
    int count;

    if (!strcmp(word, "*")) {
        *ids = (struct word_ids){0, UINT32_MAX - 1};
        return true;
    }
    if (is_name(word)) {
        if (!word_id(word, id)) {
            return false;
        }
        word = id;
    }
    word += word[0] == '%';
    count = sscanf(word, "%" SCNu32 "-%" SCNu32, &ids->first, &ids->last);
    if (count == 1) {
        ids->last = ids->first;
    }
    return count >= 1;
}

bool word_is_subordinate(const char *word, const char *subuid) {
    struct policy_subuid line;
    struct word_ids ids;

    if (!subuid || word[0] == '%' || word[0] == '*' || !word_ids_read(word, &ids)) {
        return false;
    }
    return policy_subuid_find(subuid, ids.first, ids.last, &line);
}

/* The word is * or a range. */
static bool has_account(const char *word, const struct policy_accounts *accounts) {
    struct policy_subject subject = {.accounts = accounts};
    const struct passwd *user;
    bool found = false;

    setpwent();
    for (user = getpwent(); user && !found; user = getpwent()) {
        subject.caller.uid = user->pw_uid;
        found = policy_value_has_caller(word, &subject);
    }
    endpwent();
    return found;
}

bool word_has_people(const char *word, const struct policy_accounts *accounts) {
    struct word_ids ids;

    if (!word_ids_read(word, &ids)) {
        return false;
    }
    if (word_is_subordinate(word, accounts->subuid)) {
        return true;
    }
    if (word[0] == '%') {
        return getgrgid(ids.first);
    }
    if (!policy_word_is_broad(word)) {
        return getpwuid(ids.first);
    }
    return has_account(word, accounts);
}

bool words_name_one_user(const char *words) {
    struct word_ids ids;
    char word[POLICY_LINE + 1];
    char further[POLICY_LINE + 1];

    if (!policy_next(&words, word) || policy_next(&words, further)) {
        return false;
    }
    return !policy_word_is_broad(word) && word_ids_read(word, &ids);
}
