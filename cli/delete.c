// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tapgrant delete: the caller's own persistent taps, without privilege.
 */
#include "cli/command.h"
#include "cli/shared/options.h"

static const char usage[] =
    "Usage: tapgrant delete [--json] DEV...\n"
    "Deletes the caller's own persistent taps that tapgrant made and nobody holds.\n";

int delete_main(int argc, char *argv[]) {
    bool json = false;
    struct options options = {
        .usage = usage,
        .stops_at_word = true,
        .row = {{"json", NULL, "prints what goes wrong as JSON, too", .flag = &json}}};
    struct tapgrant_error failure;
    int first_code = output_options(&options, argc, argv, &json);

    if (first_code) {
        return first_code < 0 ? TAPGRANT_OK : first_code;
    }
    if (!options.word_count) {
        return output_usage(json, "delete needs the name of a device");
    }
    /* One that cannot be deleted does not stop the others. */
    for (int i = 0; i < options.word_count; i++) {
        int code = tapgrant_delete(options.word[i], &failure);

        if (code) {
            output_error(&failure, json);
        }
        if (!first_code) {
            first_code = code;
        }
    }
    return first_code;
}
