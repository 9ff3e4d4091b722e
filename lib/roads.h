/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within the library: the two roads to an open tap.  Both return an enum tapgrant_code, fill in devices made by
 * device_new(), and leave nothing behind when they fail.
 */
#pragma once

#include "device.h"

/* One execution of the helper for COUNT managed interfaces, COUNT 1 to WIRE_INTERFACES; SPECS are for the messages. */
CHECKED int managed_open(const struct interface *const interfaces[], const char *const specs[], size_t count,
                         struct tapgrant_device *const devices[], struct tapgrant_error *error);

CHECKED int unmanaged_open(const struct interface *interface, struct tapgrant_device *device,
                           struct tapgrant_error *error);

/* Opens a queue of the existing tap NAME, never making one; TUN_FLAGS as for TUNSETIFF.  A descriptor or -errno. */
CHECKED int tap_attach(const char name[WIRE_NAME], unsigned tun_flags);

/* Says why /dev/net/tun could not be opened.  Returns TAPGRANT_FAILED. */
int tap_explain_node(int errnum, struct tapgrant_error *error);
