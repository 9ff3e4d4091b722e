/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within tapgrant-apply: the removal of many taps at once. */
#pragma once

#include "apply/progress.h"
#include "apply/resource.h"

/*
 * Removes the taps of the resources whose plan is to remove, to reap or to recreate them.  If that
 * fails the plan becomes PLAN_FAIL.  Returns 0 or a negative errno.
 */
CHECKED int resources_remove(struct resources *resources,
                             const struct options *options,
                             struct progress *progress);
