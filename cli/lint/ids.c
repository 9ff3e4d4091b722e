// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The words of user = as ids.  The name service may be asked here, unlike in the helper.
 */
#include "cli/lint/words.h"

#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

static bool is_name(const char *word) {
    return word[strspn(word, "%*-0123456789")];
}

bool word_id(const char *word, char id[WORD_ID]) {
    const struct passwd *user;
    const struct group *group;

    if (!is_name(word)) {
        return false;
    }
    if (word[0] == '%') {
        group = getgrnam(word + 1);
        if (group) {
            snprintf(id, WORD_ID, "%%%u", group->gr_gid);
        }
        return group;
    }
    user = getpwnam(word);
    if (user) {
        snprintf(id, WORD_ID, "%u", user->pw_uid);
    }
    return user;
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
