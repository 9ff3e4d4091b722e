/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within tapgrant-apply: all resources, planned and carried out. */
#pragma once

#include "apply/resource.h"

/*
 * Makes the host as RESOURCES declare it, or with --dry-run only plans it.  What was done, and why
 * not, is in each resource.  Returns 0 or a negative errno, with which nothing more could be read.
 */
CHECKED int resources_run(struct resources *resources, const struct options *options);
