/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within tapgrant-apply: the rules between definition files. */
#pragma once

#include "apply/report.h"
#include "apply/resource.h"

/*
 * Takes out of RESOURCES those whose label or tap is that of an earlier one that stays.  They go to
 * REPORT as faults, and set resources->is_incomplete.  Returns 0 or -ENOMEM.
 */
CHECKED int resources_keep_unique(struct resources *resources, struct report *report);
