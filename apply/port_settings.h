/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within tapgrant-apply: the settings of a bridge's port, and the address that it is locked to,
 * changed while its guest sends.  A set of settings is as in helper/link/link.h.  Functions return
 * 0 or a negative errno.
 */
#pragma once

#include "apply/resource.h"

/* Members of such a set. */
#define PORT_ISOLATED (UINT64_C(1) << IFLA_BRPORT_ISOLATED)
#define PORT_LOCKED (UINT64_C(1) << IFLA_BRPORT_LOCKED)
#define PORT_LEARNING (UINT64_C(1) << IFLA_BRPORT_LEARNING)

/* The settings that the definition asks for. */
uint64_t port_settings_wanted(const struct resource *resource);

/* As they are now. */
CHECKED int port_settings_read(uint32_t port, uint64_t *settings);

/* Sets them and reads them back.  -ESTALE: the kernel acknowledged what it did not do. */
CHECKED int port_settings_set(uint32_t port, uint64_t wanted);

/*
 * The same with the lock: if WANTED has PORT_LOCKED, the port is locked to GUEST_MAC and to no
 * other address, else to none.
 */
CHECKED int port_settings_lock(uint32_t port,
                               const struct link *bridge,
                               uint64_t wanted,
                               const uint8_t guest_mac[6]);

/* Sets BEFORE again, and locks the port to the address to which it was locked by the plan. */
CHECKED int port_settings_put_back(const struct resource *resource,
                                   uint32_t bridge,
                                   uint64_t before);
