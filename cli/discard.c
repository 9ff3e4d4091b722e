// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/discard.h"

#include <stdlib.h>
#include <string.h>

void undo_open(struct tapgrant_device *device) {
    bool stays = device && tapgrant_managed(device) && !tapgrant_existed(device) && tapgrant_persist(device);
    char *made = stays ? strdup(tapgrant_name(device)) : NULL;
    struct tapgrant_error error;

    tapgrant_close(device);
    if (made && tapgrant_delete(made, &error)) output_text(&error);
    free(made);
}
