/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within tapgrant-apply: an error of the kernel in the words of the definition. */
#pragma once

#include "apply/resource.h"

/*
 * The plan becomes PLAN_FAIL, with the reason that ERROR of resource_create() or
 * resource_correct() stands for.  If the host refused, so that no other try helps, the resource is
 * final.
 */
void resource_explain(struct resource *resource, int error);
