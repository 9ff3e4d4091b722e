/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within lint: the accounts of this host, as the name service lists them. */
#pragma once

#include "cli/lint/lint.h"

#include <sys/types.h>

#define PERSON_NAME 256 /* bytes: LOGIN_NAME_MAX */

struct person {
    uid_t uid;
    gid_t gid;
    char name[PERSON_NAME];
    gid_t *groups; /* NULL: not read yet */
    int group_count;
    unsigned subuid_line; /* of /etc/subuid, that has the uid; 0: none has */
};

/* The accounts that VALUE of user = names, in the order of their names.  The caller frees them. */
struct people {
    const struct person **person;
    size_t count;
};
struct people people_named(struct lint *lint, const char *value);

/* At most how many users VALUE of user = names. */
size_t people_count(struct lint *lint, const char *value);

/* Do both values name one user, as far as is known? */
bool people_share(struct lint *lint, const char *one, const char *other);

void people_free(struct lint *lint);
