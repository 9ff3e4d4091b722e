// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The files of accounts: which of them a policy needs, and what /etc/subuid says.
 *
 * A user can map its subordinate ids into a user namespace, make setuid files there that belong to
 * these ids, and execute the files outside of it.  Each id is then an ordinary caller: it has the
 * user's groups, and a quota of its own, because quotas are counted by id.
 *
 * newuidmap(1) decides which ids a user can map, so the file is read as newuidmap reads it (shadow,
 * lib/subordinateio.c and lib/commonio.c).  Its releases differ.  A line counts if any of them
 * takes it: an id too many is denied, an id too few is one more quota.  Who the owner of a line is
 * does not matter.
 *
 * Hostile here: nobody, the files are root's.
 * Privilege held in the helper: root; policy_subuid_find() is also called later, as the caller with
 * CAP_NET_ADMIN.
 */
#include "conf/policy/policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SUBUID_LINE 1024            /* shadow ignores a line of so many bytes, and of more */
#define HIGHEST_ID (UINT32_MAX - 1) /* (uid_t)-1 is no id */

int policy_subuid_read(char **text) {
    size_t size = 0;
    int error;

    *text = NULL;
    error = policy_file_read("/etc", "subuid", POLICY_SIZE, text, &size);
    if (error == -ENOENT) {
        *text = calloc(1, 1);
        return *text ? 0 : -ENOMEM;
    }
    if (error) {
        return error;
    }
    /* A NUL would hide the lines behind it. */
    return memchr(*text, 0, size) ? -EINVAL : 0;
}

int policy_accounts_read(const struct policy *policy, struct policy_accounts *accounts,
                         const char **path) {
    size_t size;
    int error = 0;

    *accounts = (struct policy_accounts){0};
    if (policy->names) {
        *path = "/etc/passwd";
        error = policy_file_read("/etc", "passwd", POLICY_SIZE, &accounts->passwd, &size);
    }
    if (!error && policy->names) {
        *path = "/etc/group";
        error = policy_file_read("/etc", "group", POLICY_SIZE, &accounts->group, &size);
    }
    if (!error && policy->is_broad) {
        *path = "/etc/subuid";
        error = policy_subuid_read(&accounts->subuid);
    }
    return error;
}

/* Reads all of FIELD as a number, in base 0; strtoul(3) takes blanks and a sign before it. */
static bool read_field(const char *field, unsigned long *number) {
    char *end;

    errno = 0;
    *number = strtoul(field, &end, 0);
    return *field && !*end && errno != ERANGE;
}

/*
 * Reads OWNER:FIRST:COUNT.  shadow passes over entries of NIS, which begin with a sign.  What
 * stands behind a third colon is ignored by its older releases; newer ones ignore the whole line.
 */
static bool read_line(const char *line, size_t length, struct policy_subuid *range) {
    char text[SUBUID_LINE];
    char *first;
    char *count;
    unsigned long start;
    unsigned long ids;

    if (length >= sizeof(text) || *line == '+' || *line == '-') {
        return false;
    }
    memcpy(text, line, length);
    text[length] = 0;
    first = strchr(text, ':');
    if (!first || first == text) {
        return false;
    }
    first++;
    count = strchr(first, ':');
    if (!count) {
        return false;
    }
    *count = 0;
    count++;
    count[strcspn(count, ":")] = 0;
    if (!read_field(first, &start) || !read_field(count, &ids)) {
        return false;
    }
    if (start > HIGHEST_ID || ids == 0) {
        return false;
    }
    range->first = (uint32_t)start;
    range->last = HIGHEST_ID;
    if (ids - 1 < HIGHEST_ID - start) {
        range->last = (uint32_t)(start + ids - 1);
    }
    range->owner = line;
    range->owner_length = (size_t)(first - 1 - text);
    return true;
}

bool policy_subuid_next(const char **text, struct policy_subuid *range) {
    bool found = false;

    while (!found && **text) {
        const char *line = *text;
        size_t length = strcspn(line, "\n");

        *text = line + length + (line[length] == '\n');
        range->line++;
        found = read_line(line, length, range);
    }
    return found;
}

bool policy_subuid_find(const char *text, uint32_t first, uint32_t last,
                        struct policy_subuid *range) {
    bool found = false;

    *range = (struct policy_subuid){0};
    while (!found && policy_subuid_next(&text, range)) {
        found = range->first <= first && last <= range->last;
    }
    return found;
}
