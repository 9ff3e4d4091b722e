// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/shared/accounts.h"
#include "conf/file/file.h"
#include "wire/text.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void accounts_free(struct policy_accounts *accounts) {
    free(accounts->passwd);
    free(accounts->group);
    free(accounts->subuid);
    *accounts = (struct policy_accounts){0};
}

const char *accounts_reason(int error) {
    if (error == -EPERM) {
        return "it or /etc is not root's, or others can write";
    }
    if (error == -ELOOP) {
        return file_reason(error);
    }
    if (error == -EINVAL) {
        return "no regular file, or it has a NUL byte";
    }
    return strerror(-error);
}

/* The name of the id that TEXT is; TEXT itself if it is none, or has no name. */
static const char *name_of(const char *text) {
    const struct passwd *user = NULL;
    unsigned long id = 0;
    char *end;

    errno = 0;
    id = strtoul(text, &end, 10);
    if (*text >= '0' && *text <= '9' && !*end && !errno && id < UINT32_MAX) {
        user = getpwuid((uid_t)id);
    }
    return user ? user->pw_name : text;
}

const char *accounts_owner(const struct policy_subuid *line, char text[ACCOUNTS_OWNER]) {
    char owner[ACCOUNTS_OWNER];

    snprintf(owner, sizeof(owner), "%.*s", (int)line->owner_length, line->owner);
    return text_printable(name_of(owner), text, ACCOUNTS_OWNER);
}

bool accounts_subordinate(uint32_t uid, struct policy_subuid *line) {
    static bool is_read; /* the file is read once, and kept until the command ends */
    static char *text;

    if (!is_read && policy_subuid_read(&text)) {
        free(text);
        text = NULL;
    }
    is_read = true;
    return text && policy_subuid_find(text, uid, uid, line);
}

const char *accounts_subordinate_of(uid_t uid, char text[ACCOUNTS_OWNER]) {
    struct policy_subuid line;

    if (uid == (uid_t)-1 || !accounts_subordinate(uid, &line)) {
        return NULL;
    }
    return accounts_owner(&line, text);
}
