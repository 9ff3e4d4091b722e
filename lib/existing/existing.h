/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within the library: opening what exists already, without the helper.  Functions return an enum
 * tapgrant_code.  If they fail, the queues that they have opened by then are in DEVICE.
 */
#pragma once

#include "lib/device.h"

/* The device of an unmanaged interface.  Nothing about it is changed. */
CHECKED int unmanaged_open(const struct interface *wanted,
                           struct tapgrant_device *device,
                           struct tapgrant_error *failure);

/*
 * The device of a managed interface, if there is one: the caller's own persistent tap, as it would
 * be made now.  TAPGRANT_OK with device->queues 0: there is none.  TAPGRANT_DEVICE: what differs.
 */
CHECKED int existing_open(const struct interface *wanted,
                          struct tapgrant_device *device,
                          struct tapgrant_error *failure);

/*
 * Opens a queue of the existing tap NAME, and never makes one.  FLAGS are those of TUNSETIFF.
 * Returns a descriptor or a negative errno: open(2)'s if *NODE_IS_OPEN is false, and otherwise that
 * of a request to the open node.
 */
CHECKED int tun_attach(const char name[WIRE_NAME], unsigned flags, bool *node_is_open);

/* /dev/net/tun could not be opened, or refused a request that does not depend on the tap. */
int explain_tun_node(int error, struct tapgrant_error *failure);
