/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within the library: interfaces that tapgrant-helper makes. */
#pragma once

#include "lib/device.h"

struct managed_set {
    const struct interface *interface[WIRE_INTERFACES];
    const char *spec[WIRE_INTERFACES]; /* as the caller wrote it, for hints */
    struct tapgrant_device *device[WIRE_INTERFACES];
    size_t count;
};

/*
 * Has the interfaces of the set, at least one, made by one execution of the helper, and fills in
 * their devices.  Returns an enum tapgrant_code.  If it fails, nothing stays once the devices are
 * closed.
 */
CHECKED int managed_open(const struct managed_set *set, struct tapgrant_error *failure);
