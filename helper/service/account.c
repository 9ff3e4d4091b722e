// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The account that the service becomes.  No name service is asked: what it would load has no place
 * in a privileged process.
 * Hostile here: nobody, the files are root's.
 * Privilege held: root, or the service user's.
 */
#include "helper/service/account.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/file/file.h"
#include "conf/policy/policy.h"

/* What stands behind the next colon of the line; NULL: it has no further one. */
static const char *behind_colon(const char *field) {
    const char *end = field + strcspn(field, ":\n");

    return *end == ':' ? end + 1 : NULL;
}

/* The line of NAME, from its second field on. */
static const char *find_line(const char *text, const char *name) {
    const size_t length = strlen(name);

    while (text) {
        if (!strncmp(text, name, length) && text[length] == ':') {
            return text + length + 1;
        }
        text = strchr(text, '\n');
        text = text ? text + 1 : NULL;
    }
    return NULL;
}

static int read_id(const char *field, uint32_t *id) {
    char *end;
    unsigned long number;

    if (!field || *field < '0' || *field > '9') {
        return -ENOENT;
    }
    errno = 0;
    number = strtoul(field, &end, 10);
    if (errno || number >= UINT32_MAX || !strchr(":\n", *end)) {
        return -ENOENT;
    }
    *id = (uint32_t)number;
    return 0;
}

/* The third field of the entry, and the fourth unless FOURTH is NULL. */
static int read_entry(const char *file, const char *name, uint32_t *third, uint32_t *fourth) {
    const char *field;
    char *text;
    size_t size;
    int error = file_read_trusted("/etc", file, POLICY_SIZE, &text, &size);

    if (error) {
        return error;
    }
    field = find_line(text, name);
    field = field ? behind_colon(field) : NULL;
    error = read_id(field, third);
    if (!error && fourth) {
        error = read_id(behind_colon(field), fourth);
    }
    free(text);
    return error;
}

int account_read(const char *name, uid_t *uid, gid_t *gid) {
    return read_entry("passwd", name, uid, gid);
}

int account_read_group(const char *name, gid_t *gid) {
    return read_entry("group", name, gid, NULL);
}
