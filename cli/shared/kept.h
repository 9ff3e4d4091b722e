/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within the command: the settings of its last holder that a tap keeps, as far as they show. */
#pragma once

#include "lib/tapgrant.h"
#include "wire/wire.h"

#include <stdbool.h>

struct kept {
    bool checksums;     /* packets leave it without their checksums: TUNSETOFFLOAD */
    bool segments;      /* and larger than its MTU */
    unsigned link_type; /* ARPHRD_ETHER, or what TUNSETLINK has set */
};

/* Reads those of the tap NAME, which may be held.  0 or a negative errno. */
CHECKED int kept_read(const char *name, struct kept *kept);

/* Warns if an open, unmanaged tap has settings of an earlier holder. */
void kept_warn(const struct tapgrant_device *device);
