// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The list of resources, and why the plan of one fails.
 */
#include "apply/resource.h"
#include "apply/links/tap.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct resource *resources_add(struct resources *resources) {
    struct resource *added;
    size_t room = resources->room * 2 + 64;

    if (resources->count == resources->room) {
        added = reallocarray(resources->resource, room, sizeof(*added));
        if (!added) {
            return NULL;
        }
        resources->resource = added;
        resources->room = room;
    }
    added = &resources->resource[resources->count];
    *added = (struct resource){0};
    resources->count++;
    return added;
}

const char *resource_name(const struct resource *resource) {
    if (resource->definition) {
        return resource->definition->interface.dev;
    }
    return resource->found.link.name;
}

const char *resource_label(const struct resource *resource) {
    if (resource->definition) {
        return resource->definition->interface.label;
    }
    return tap_label(&resource->found.link);
}

void resource_fail(struct resource *resource, enum interface_key key, const char *format, ...) {
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(resource->plan.reason, sizeof(resource->plan.reason), format, arguments);
    va_end(arguments);
    resource->plan.hint[0] = 0;
    resource->plan.key = key;
    resource->plan.action = PLAN_FAIL;
}

void resource_hint(struct resource *resource, const char *format, ...) {
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(resource->plan.hint, sizeof(resource->plan.hint), format, arguments);
    va_end(arguments);
}

void resource_note_refusal(struct resource *resource, int error) {
    bool lacks_capability = error == -EPERM || error == -EACCES;

    resource->is_final = lacks_capability || error == -EROFS;
    if (lacks_capability) {
        resource_hint(resource, "it needs CAP_NET_ADMIN in this network namespace");
    }
}

bool resource_is_made(const struct resource *resource) {
    return resource->plan.action == PLAN_CREATE || resource->plan.action == PLAN_RECREATE;
}
