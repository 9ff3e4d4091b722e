/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within the library: the two roads to an open tap.  Both return an enum tapgrant_code, fill in devices made by
 * device_new(), and leave nothing behind when they fail.
 */
#pragma once

#include "lib/device.h"

/* One execution of the helper for COUNT managed interfaces, COUNT 1 to WIRE_INTERFACES; SPECS are for the messages. */
CHECKED int managed_open(const struct interface *const interfaces[], const char *const specs[], size_t count,
                         struct tapgrant_device *const devices[], struct tapgrant_error *error);

CHECKED int unmanaged_open(const struct interface *interface, struct tapgrant_device *device,
                           struct tapgrant_error *error);

/*
 * Opens the device of a managed interface, if there is one already: the caller's own persistent tap, and all that is asked.
 * TAPGRANT_OK with device->queues 0: there is none.  TAPGRANT_DEVICE: what differs.
 */
CHECKED int existing_open(const struct interface *asked, struct tapgrant_device *device, struct tapgrant_error *error);

/* Opens what query_link() found, a tap or a macvtap, and nothing else; fills in DEVICE. */
CHECKED int tap_open(const struct interface *asked, const struct link *link, struct tapgrant_device *device,
                     const char *object, struct tapgrant_error *error);
CHECKED int macvtap_open(const struct interface *asked, const struct link *link, struct tapgrant_device *device,
                         const char *object, struct tapgrant_error *error);

/*
 * Gives the open DEVICE a new tap's settings where its last holder's have stayed: offloads,
 * filters, programs, the virtio header's size and byte order; if it is down, also the link type.
 * LINK is what was read of it before.  Name, owner, address, MTU and bridge are not touched.
 */
CHECKED int tap_reset(const struct tapgrant_device *device, const struct link *link,
                      const char *object, struct tapgrant_error *error);

/*
 * Opens a queue of the existing tap NAME, never making one; TUN_FLAGS as for TUNSETIFF.  A
 * descriptor or -errno: of open(2) if *NODE_IS_OPEN is false, and otherwise of what was asked of
 * the open node.
 */
CHECKED int tap_attach(const char name[WIRE_NAME], unsigned tun_flags, bool *node_is_open);

/* Says why /dev/net/tun could not be opened or used.  Returns TAPGRANT_FAILED. */
int tap_explain_node(int errnum, struct tapgrant_error *error);
