/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within tapgrant-apply: a tap that does not exist yet. */
#pragma once

#include "apply/resource.h"

/*
 * Makes the tap of the plan, which is PLAN_CREATE.  After an error nothing of it is left.  Returns
 * 0, a negative errno, or WIRE_NAME_TAKEN.
 */
CHECKED int resource_create(const struct resource *resource);
