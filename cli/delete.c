// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tapgrant delete: one's own persistent taps, without privilege.
 */
#include "cli/command.h"

#include <stdio.h>
#include <string.h>

static const char help[] = "Usage: tapgrant delete [--json] DEV...\n"
                           "Deletes the caller's own persistent taps that tapgrant made and nobody holds.\n";

int delete_main(int argc, char *argv[]) {
    struct tapgrant_error error;
    int worst = TAPGRANT_OK, first = 1;
    bool json = false;

    for (; first < argc && argv[first][0] == '-'; first++) {
        if (!strcmp(argv[first], "--help")) return fputs(help, stdout), TAPGRANT_OK;
        if (!strcmp(argv[first], "--")) {
            first++;
            break;
        }
        if (strcmp(argv[first], "--json")) return output_usage(json, "unknown option '%s'", argv[first]);
        json = true;
    }
    if (first == argc) return output_usage(json, "delete needs the name of a device");
    /* the others all the same: each is its own deed */
    for (int i = first; i < argc; i++) {
        int code = tapgrant_delete(argv[i], &error);

        if (code) output_error(&error, json);
        if (!worst) worst = code;
    }
    return worst;
}
