/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within the command: what a holder set of a tap, that the kernel keeps, and that can be seen. */
#pragma once

#include <stdbool.h>
#include <tapgrant.h>

struct kept {
    bool checksums;     /* packets leave it without their checksums: TUNSETOFFLOAD */
    bool segments;      /* and larger than its MTU */
    unsigned link_type; /* ARPHRD_ETHER, or what TUNSETLINK has set */
};

/* Of the tap NAME, whoever holds it.  0 or a negative errno. */
int kept_read(const char *name, struct kept *kept);

/* Warns of what an earlier holder set of an open, unmanaged tap. */
void kept_warn(const struct tapgrant_device *device);
