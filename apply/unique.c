// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Labels and taps that are declared in two files.  Those of one file were found when it was read.
 */
#include "apply/unique.h"

#include <errno.h>
#include <stdlib.h>

/* Refuses what an earlier file declares: is_removed is true then. */
static int check(struct definitions_known *known,
                 const struct definition_place *place,
                 struct resource *resource,
                 struct report *report) {
    struct definition_repeated repeated;
    int error = definitions_know(known, place, &repeated);

    if (error != -EEXIST) {
        return error;
    }
    resource->is_removed = true;
    report_fault(report, resource->file, repeated.line, repeated.reason, "");
    return 0;
}

static int check_all(struct resources *resources, struct report *report) {
    struct definition_place *places = calloc(resources->count + 1, sizeof(*places));
    struct definitions_known known = {NULL, NULL};
    int error = places ? 0 : -ENOMEM;

    for (size_t i = 0; !error && i < resources->count; i++) {
        struct resource *resource = &resources->resource[i];

        places[i] = (struct definition_place){resource->definition, resource->file};
        error = check(&known, &places[i], resource, report);
    }
    definitions_forget(&known);
    free(places);
    return error;
}

int resources_keep_unique(struct resources *resources, struct report *report) {
    size_t count = 0;
    int error = check_all(resources, report);

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
