// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Does one word of a policy mean all that another one means?
 */
#include "cli/lint/words.h"

#include <fnmatch.h>
#include <string.h>

/* Both words are of users, or both of groups. */
static bool ids_cover(const char *wide, const char *narrow) {
    struct word_ids outer;
    struct word_ids inner;

    if (!word_ids_read(wide, &outer) || !word_ids_read(narrow, &inner)) {
        return false;
    }
    return outer.first <= inner.first && inner.last <= outer.last;
}

static bool user_covers(const char *wide, const char *narrow, const char *subuid) {
    bool is_wide_group = wide[0] == '%';
    bool is_narrow_group = narrow[0] == '%';

    if (!strcmp(wide, narrow)) {
        return true;
    }
    if (word_is_subordinate(narrow, subuid) && !word_is_subordinate(wide, subuid)) {
        return false;
    }
    if (!strcmp(wide, "*")) {
        return true;
    }
    if (is_wide_group != is_narrow_group || !strcmp(narrow, "*")) {
        return false;
    }
    return ids_cover(wide, narrow);
}

/* * does not mean none.  A placeholder in the narrow word may stand for any name. */
static bool bridge_covers(const char *wide, const char *narrow) {
    if (!strcmp(wide, narrow)) {
        return true;
    }
    if (!strcmp(narrow, "none") || !strcmp(wide, "none")) {
        return false;
    }
    if (strchr(narrow, '{')) {
        return !strcmp(wide, "*");
    }
    return !fnmatch(wide, narrow, 0);
}

static bool one_user_covers(const char *wide, const char *narrow, const char *subuid) {
    char word[POLICY_LINE + 1];

    while (policy_next(&wide, word)) {
        if (user_covers(word, narrow, subuid)) {
            return true;
        }
    }
    return false;
}

bool users_cover(const char *wide, const char *narrow, const char *subuid) {
    char word[POLICY_LINE + 1];

    while (policy_next(&narrow, word)) {
        if (!one_user_covers(wide, word, subuid)) {
            return false;
        }
    }
    return true;
}

static bool one_bridge_covers(const char *wide, const char *narrow) {
    char word[POLICY_LINE + 1];

    while (policy_next(&wide, word)) {
        if (bridge_covers(word, narrow)) {
            return true;
        }
    }
    return false;
}

bool bridges_cover(const char *wide, const char *narrow) {
    char word[POLICY_LINE + 1];

    while (policy_next(&narrow, word)) {
        if (!one_bridge_covers(wide, word)) {
            return false;
        }
    }
    return true;
}

/* Replaces WORD by the narrower of the two.  False: they have no bridge in common. */
static bool narrow_to_shared(char word[POLICY_LINE + 1], const char *others) {
    char other[POLICY_LINE + 1];

    if (!strcmp(word, "none")) {
        return false;
    }
    while (policy_next(&others, other)) {
        if (bridge_covers(other, word)) {
            return true;
        }
        if (bridge_covers(word, other)) {
            memcpy(word, other, sizeof(other));
            return true;
        }
    }
    return false;
}

bool bridges_share(const char *one, const char *other, char word[POLICY_LINE + 1]) {
    while (policy_next(&one, word)) {
        if (narrow_to_shared(word, other)) {
            return true;
        }
    }
    return false;
}
