/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within the library: interfaces that the service or the setuid helper makes. */
#pragma once

#include "lib/device.h"

struct managed_set {
    const struct interface *interface[WIRE_INTERFACES];
    const char *spec[WIRE_INTERFACES]; /* as the caller wrote it, for hints */
    struct tapgrant_device *device[WIRE_INTERFACES];
    size_t count;
};

/* What is asked for to see whether a way is open.  No bridge has this name, so it is denied. */
#define MANAGED_NO_BRIDGE "bridge=tapgrant-doctor"

/*
 * Has the interfaces of the set, at least one, made by one request, and fills in their devices.
 * Returns an enum tapgrant_code.  If it fails, nothing stays once the devices are closed.
 */
CHECKED int managed_open(const struct managed_set *set, struct tapgrant_error *failure);

/* Is WAY open to this process?  Asks for MANAGED_NO_BRIDGE by it, and by no other. */
CHECKED int managed_access(enum tapgrant_way way, struct tapgrant_error *failure);
