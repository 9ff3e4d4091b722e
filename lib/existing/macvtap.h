/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within existing/: an existing macvtap that was looked at. */
#pragma once

#include "lib/device.h"

/* Opens the macvtap that LINK was read of, and no other one, and fills in DEVICE. */
CHECKED int macvtap_open(const struct interface *wanted,
                         const struct link *link,
                         const char *object,
                         struct tapgrant_device *device,
                         struct tapgrant_error *failure);
