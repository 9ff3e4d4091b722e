/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within tapgrant-apply: what a definition needs, by what the host is now.  Nothing is changed. */
#pragma once

#include "apply/bridges.h"
#include "apply/resource.h"

/* What was read of the host at one look. */
struct host {
    struct links links;
    struct bridges bridges;
};

/* Makes resource->plan of a resource that has a definition. */
void resource_plan(struct resource *resource, struct host *host, const struct options *options);

/*
 * Behind resource_fail(): if the tap is tapgrant-apply's own, and on no bridge, it has to be down,
 * because it cannot be on its own bridge.  UNTIL, such as "until then", ends the reason.
 */
void resource_plan_without_bridge(struct resource *resource,
                                  const char *until,
                                  const struct options *options);
