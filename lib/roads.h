/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within the library: the two ways to an open tap. */
#pragma once

#include "lib/existing/existing.h"

/*
 * One execution of the helper for COUNT managed interfaces, COUNT 1 to WIRE_INTERFACES.  SPECS are
 * for the messages.
 */
CHECKED int managed_open(const struct interface *const interfaces[], const char *const specs[],
                         size_t count, struct tapgrant_device *const devices[],
                         struct tapgrant_error *error);
