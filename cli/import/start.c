// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tapgrant import: becomes tapgrant-import, which reads the command line.
 */
#include "cli/command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int import_main(int argc, char *argv[]) {
    struct tapgrant_error error = {.code = TAPGRANT_FAILED,
                                   .object = IMPORT_PATH,
                                   .hint = "install it there: meson install"};
    bool json = false;

    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--json")) {
            json = true;
        }
    }
    execv(IMPORT_PATH, argv);
    snprintf(error.reason, sizeof(error.reason), "cannot be executed: %s", strerror(errno));
    return output_error(&error, json);
}
