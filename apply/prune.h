/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within tapgrant-apply: the taps that no definition has, which --prune and --reap remove.  Nothing
 * is changed here.
 */
#pragma once

#include "apply/resource.h"

/* Makes resource->plan for the removal of TAP. */
void resource_plan_removal(struct resource *resource,
                           const struct link_state *tap,
                           const struct options *options);

/* Adds a resource, planned, for each tap that is to be removed.  0 or -ENOMEM. */
CHECKED int resources_plan_removals(struct resources *resources,
                                    const struct links *links,
                                    const struct options *options);
