/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within list: what was changed of a tap since tapgrant made it. */
#pragma once

#include "conf/definitions/definitions.h"
#include "lib/tapgrant.h"

#include <sys/types.h>

/* What the administrator's definitions say, file by file. */
struct declared {
    struct definitions *files;
    size_t count;
};

struct changes {
    uid_t wanted_owner; /* (uid_t)-1: nobody */
    bool owner;
    bool group;
    bool persist;
};

/*
 * Reads the folder of tapgrant-apply(8) as it does.  A folder or file that the caller cannot read,
 * or that tapgrant-apply would not take, counts as empty, and is not reported: list is for
 * everybody.
 */
void declared_read(struct declared *declared);

void declared_free(struct declared *declared);

/* DECLARED tells the owner of a tap that has a label. */
struct changes changes_of(const struct declared *declared, const struct tapgrant_device *device);
