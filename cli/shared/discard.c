// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/shared/discard.h"
#include "cli/output/output.h"

#include <stdlib.h>
#include <string.h>

static bool is_made_to_stay(const struct tapgrant_device *device) {
    return tapgrant_managed(device) && !tapgrant_existed(device) && tapgrant_persist(device);
}

void discard_device(struct tapgrant_device *device) {
    char *made = device && is_made_to_stay(device) ? strdup(tapgrant_name(device)) : NULL;
    struct tapgrant_error failure;

    tapgrant_close(device);
    if (made && tapgrant_delete(made, &failure)) {
        output_text(&failure);
    }
    free(made);
}
