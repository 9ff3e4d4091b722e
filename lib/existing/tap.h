/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within existing/: an existing tap that was looked at. */
#pragma once

#include "lib/device.h"

/* Opens the tap that LINK was read of, and no other one, and fills in DEVICE. */
CHECKED int tap_open(const struct interface *wanted,
                     const struct link *link,
                     const char *object,
                     struct tapgrant_device *device,
                     struct tapgrant_error *failure);

/*
 * Gives the open tap the settings of a new one where its last holder's have stayed: offloads,
 * filters, eBPF programs, the size and byte order of the virtio header, and the link type if it is
 * down.  Its name, owner, address, MTU and bridge are not changed.
 */
CHECKED int tap_reset(const struct tapgrant_device *device,
                      const struct link *link,
                      const char *object,
                      struct tapgrant_error *failure);
