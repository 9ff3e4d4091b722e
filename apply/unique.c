// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Labels and taps that are declared in two files.  Those of one file were found when it was read.
 */
#include "apply/unique.h"

#include <errno.h>
#include <search.h>
#include <stdio.h>
#include <string.h>

/* The resources that stay, as tsearch(3) keeps them. */
struct kept {
    void *by_label;
    void *by_dev;
};

static const struct interface *interface_of(const void *node) {
    const struct resource *resource = node;

    return &resource->definition->interface;
}

static int compare_labels(const void *a, const void *b) {
    return strcmp(interface_of(a)->label, interface_of(b)->label);
}

static int compare_devs(const void *a, const void *b) {
    return strcmp(interface_of(a)->dev, interface_of(b)->dev);
}

/* For tdestroy(3): the resources are not the tree's. */
static void do_nothing(void *resource __attribute__((unused))) {
}

static void kept_free(struct kept *kept) {
    tdestroy(kept->by_label, do_nothing);
    tdestroy(kept->by_dev, do_nothing);
}

static int keep(struct kept *kept, struct resource *resource) {
    if (!tsearch(resource, &kept->by_label, compare_labels)) {
        return -ENOMEM;
    }
    return tsearch(resource, &kept->by_dev, compare_devs) ? 0 : -ENOMEM;
}

static void refuse_label(const struct resource *later,
                         const struct resource *first,
                         struct report *report) {
    const struct definition *definition = later->definition;
    char reason[1024];

    snprintf(reason, sizeof(reason), "[interface %s]: the label '%s' is in %.400s:%u already",
             definition->interface.label, definition->interface.label, first->file,
             first->definition->line);
    report_fault(report, later->file, definition->line, reason, "");
}

static void refuse_dev(const struct resource *later,
                       const struct resource *first,
                       struct report *report) {
    const struct definition *definition = later->definition;
    char reason[1024];

    snprintf(reason, sizeof(reason), "[interface %s]: 'dev' value '%s' is in %.400s:%u already",
             definition->interface.label, definition->interface.dev, first->file,
             first->definition->key_line[INTERFACE_KEY_DEV]);
    report_fault(report, later->file, definition->key_line[INTERFACE_KEY_DEV], reason, "");
}

/* A resource that is refused reserves neither its label nor its tap: *IS_KEPT is false then. */
static int check(struct kept *kept,
                 struct resource *resource,
                 struct report *report,
                 bool *is_kept) {
    struct resource **same_label = tfind(resource, &kept->by_label, compare_labels);
    struct resource **same_dev = tfind(resource, &kept->by_dev, compare_devs);

    *is_kept = !same_label && !same_dev;
    if (same_label) {
        refuse_label(resource, *same_label, report);
    } else if (same_dev) {
        refuse_dev(resource, *same_dev, report);
    }
    return *is_kept ? keep(kept, resource) : 0;
}

int resources_keep_unique(struct resources *resources, struct report *report) {
    struct kept kept = {NULL, NULL};
    size_t count = 0;
    int error = 0;

    for (size_t i = 0; !error && i < resources->count; i++) {
        bool is_kept;

        /* the trees have pointers into the list, so it is moved up only when they are gone */
        error = check(&kept, &resources->resource[i], report, &is_kept);
        resources->resource[i].is_removed = !is_kept;
    }
    kept_free(&kept);
    for (size_t i = 0; i < resources->count; i++) {
        if (resources->resource[i].is_removed) {
            resources->is_incomplete = true;
            continue;
        }
        resources->resource[count] = resources->resource[i];
        count++;
    }
    resources->count = count;
    return error;
}
