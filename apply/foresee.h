/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within tapgrant-apply: what is known of the plans before anything is changed. */
#pragma once

#include "apply/resource.h"

/*
 * After all are planned: what could not succeed is taken out of the plans, or they fail; and the
 * holders that would be interrupted are looked for.
 */
void resources_foresee(struct resources *resources,
                       const struct links *links,
                       const struct options *options);

/*
 * Before all are carried out: lets go of the addresses to which other ports are to be locked, for
 * those whose plan says so.
 */
void resources_free_addresses(const struct resources *resources);
