/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within tapgrant-apply: a definition beside the tap that it is about. */
#pragma once

#include "apply/resource.h"

/*
 * What differs between the definition and the plan's link, a tap with a tag; a set of enum
 * difference_bit.  The plan says already what the tap is to be.
 */
unsigned resource_compare(const struct resource *resource, const struct links *links);

/*
 * Of the plan's differences, those that the kernel changes only by another tap, or not while a
 * process has this one open.  IS_USED: one has it open.
 */
unsigned resource_unchangeable(const struct resource *resource, bool is_used);
