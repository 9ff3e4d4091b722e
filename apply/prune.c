// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The taps that are to be removed: by --prune those with tapgrant-apply's own tag that are no
 * longer declared, by --reap those that the helper made for a user and that nobody uses.
 */
#include "apply/prune.h"
#include "apply/links/tap.h"

#include <errno.h>
#include <stdlib.h>

void resource_plan_removal(struct resource *resource,
                           const struct link_state *tap,
                           const struct options *options) {
    bool is_users = tap_is_granted(tap);

    resource->plan = (struct plan){.action = is_users ? PLAN_REAP : PLAN_REMOVE,
                                   .link = *tap,
                                   .key = INTERFACE_KEYS};
    resource->is_removed = false;
    if (!tap_is_in_use(tap)) {
        return;
    }
    if (is_users) {
        resource_fail(resource, INTERFACE_KEYS, "is a user's, and is in use: not removed");
        resource->plan.names_holders = true;
    } else if (!options->force) {
        resource_fail(resource, INTERFACE_KEYS,
                      "is no longer declared, and is in use: not removed");
        resource_hint(resource, "--force removes it all the same");
        resource->plan.names_holders = true;
    }
}

/* Is the declared name that of a tap that stays?  A user's leftover with that name is reaped. */
static bool keeps(const struct resource *resource,
                  const struct link_state *link,
                  const struct options *options) {
    if (!resource->definition->interface.managed || !options->reap) {
        return true;
    }
    return !tap_is_leftover(link);
}

static bool is_to_be_removed(const struct link_state *link, const struct options *options) {
    if (tap_label(link)) {
        return options->prune;
    }
    return options->reap && tap_is_leftover(link);
}

/* The Nth is true for the Nth link if a definition keeps it. */
static void mark_kept(bool *is_kept,
                      const struct resources *resources,
                      const struct links *links,
                      const struct options *options) {
    for (size_t i = 0; i < resources->count; i++) {
        const struct resource *resource = &resources->resource[i];
        const struct link_state *link = links_find(links, resource_name(resource));

        if (link) {
            is_kept[link - links->link] = keeps(resource, link, options);
        }
    }
}

static int add_removals(struct resources *resources,
                        const bool *is_kept,
                        const struct links *links,
                        const struct options *options) {
    for (size_t i = 0; i < links->count; i++) {
        struct resource *added;

        if (is_kept[i] || !is_to_be_removed(&links->link[i], options)) {
            continue;
        }
        added = resources_add(resources);
        if (!added) {
            return -ENOMEM;
        }
        resource_plan_removal(added, &links->link[i], options);
        added->found = added->plan;
    }
    return 0;
}

int resources_plan_removals(struct resources *resources,
                            const struct links *links,
                            const struct options *options) {
    bool *is_kept = calloc(links->count + 1, sizeof(*is_kept));
    int error;

    if (!is_kept) {
        return -ENOMEM;
    }
    mark_kept(is_kept, resources, links, options);
    error = add_removals(resources, is_kept, links, options);
    free(is_kept);
    return error;
}
