// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The files of accounts: which of them a policy needs, and what they say.  No name service is
 * asked: what it would load, and whom it would ask, has no place in a privileged process.
 *
 * A user can map its subordinate ids into a user namespace, make setuid files there that belong to
 * these ids, and execute the files outside of it.  Each id is then an ordinary caller: it has the
 * user's groups, and a quota of its own, because quotas are counted by id.
 *
 * newuidmap(1) decides which ids a user can map, so the file is read as newuidmap reads it (shadow,
 * lib/subordinateio.c and lib/commonio.c).  Its releases differ.  A line counts if any of them
 * takes it: counting an id too many only denies, and missing one gives its user another quota.  It
 * does not matter who the owner of a line is.
 *
 * Hostile here: nobody, the files are root's.
 * Privilege held in the helper: root; policy_subuid_find() is also called later, as the caller with
 * CAP_NET_ADMIN.
 */
#include "conf/policy/accounts.h"

#include "conf/file/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SUBUID_LINE 1024            /* shadow ignores a line of so many bytes, and of more */
#define HIGHEST_ID (UINT32_MAX - 1) /* (uid_t)-1 is no id */
#define MOST_DIGITS 10              /* of HIGHEST_ID */

int account_read_number(const char *text, size_t length, uint32_t *number) {
    uint64_t value = 0;

    if (length < 1 || length > MOST_DIGITS) {
        return -EINVAL;
    }
    if (text[0] == '0' && length > 1) {
        return -EINVAL;
    }
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return -EINVAL;
        }
        value = 10 * value + (uint64_t)(text[i] - '0');
    }
    if (value > HIGHEST_ID) {
        return -EINVAL;
    }
    *number = (uint32_t)value;
    return 0;
}

/* What stands behind the next colon of the line; NULL: the line has no further one. */
static const char *next_field(const char *field) {
    const char *end = field + strcspn(field, ":\n");

    return *end == ':' ? end + 1 : NULL;
}

static const char *next_entry(const char *entry) {
    const char *newline = strchr(entry, '\n');

    return newline ? newline + 1 : NULL;
}

static bool entry_id(const char *entry, uint32_t *id) {
    const char *password = next_field(entry);
    const char *number = password ? next_field(password) : NULL;

    return number && !account_read_number(number, strcspn(number, ":\n"), id);
}

bool account_find_id(const char *entries, const char *name, uint32_t *id) {
    size_t length = strlen(name);

    for (const char *entry = entries; entry; entry = next_entry(entry)) {
        if (!strncmp(entry, name, length) && entry[length] == ':' && entry_id(entry, id)) {
            return true;
        }
    }
    return false;
}

/* NULL: no entry has this id. */
static const char *find_entry(const char *entries, uint32_t id) {
    uint32_t number;

    for (const char *entry = entries; entry; entry = next_entry(entry)) {
        if (entry_id(entry, &number) && number == id) {
            return entry;
        }
    }
    return NULL;
}

void account_find_name(const char *entries, uint32_t id, char name[POLICY_WORD]) {
    const char *entry = find_entry(entries, id);
    size_t length = entry ? strcspn(entry, ":") : 0;

    name[0] = 0;
    if (length && length < POLICY_WORD && strspn(entry, POLICY_NAME ".") >= length) {
        memcpy(name, entry, length);
        name[length] = 0;
    }
}

int policy_subuid_read(char **text) {
    size_t size = 0;
    int error;

    *text = NULL;
    error = file_read_trusted("/etc", "subuid", POLICY_SIZE, text, &size);
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
    if (policy->has_names) {
        *path = "/etc/passwd";
        error = file_read_trusted("/etc", "passwd", POLICY_SIZE, &accounts->passwd, &size);
    }
    if (!error && policy->has_names) {
        *path = "/etc/group";
        error = file_read_trusted("/etc", "group", POLICY_SIZE, &accounts->group, &size);
    }
    if (!error && policy->has_broad_words) {
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
