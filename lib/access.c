// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/error.h"
#include "lib/managed/managed.h"
#include "lib/uncancelled.h"

static int ask(enum tapgrant_way way, struct tapgrant_error *failure) {
    error_clear(failure);
    return managed_access(way, failure);
}

int tapgrant_access(enum tapgrant_way way, struct tapgrant_error *error) {
    UNCANCELLED;

    return ask(way, error);
}
