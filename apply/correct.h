/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within tapgrant-apply: a tap that exists, corrected while it may be in use. */
#pragma once

#include "apply/resource.h"

/*
 * Corrects the differences of the plan, which is PLAN_CHANGE.  Each by itself: what fails is as it
 * was before.  Returns 0, or the error of the first that failed.
 */
CHECKED int resource_correct(struct resource *resource);
