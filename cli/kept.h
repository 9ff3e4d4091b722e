/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within the command: what a tap keeps of its last holder's settings, as far as it can be seen. */
#pragma once

#include <stdbool.h>
#include "lib/tapgrant.h"

struct kept {
    bool checksums;     /* packets leave it without their checksums: TUNSETOFFLOAD */
    bool segments;      /* and larger than its MTU */
    unsigned link_type; /* ARPHRD_ETHER, or what TUNSETLINK has set */
};

/* Those of the tap NAME, held or free.  0 or a negative errno. */
int kept_read(const char *name, struct kept *kept);

/* Warns if an open, unmanaged tap has settings of an earlier holder. */
void kept_warn(const struct tapgrant_device *device);
