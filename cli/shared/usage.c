// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a verb answers to its command line before it does anything.
 */
#include "cli/output/json.h"
#include "cli/output/output.h"
#include "cli/shared/options.h"

#include <stdio.h>

int output_usage(bool json, const char *format, ...) {
    struct tapgrant_error error;
    va_list arguments;

    va_start(arguments, format);
    error = output_usage_of("tapgrant", format, arguments);
    va_end(arguments);
    return output_error(&error, json);
}

int output_options(struct options *options, int argc, char *argv[], const bool *json) {
    switch (options_read(options, argc, argv)) {
    case OPTIONS_READ:
        return 0;
    case OPTIONS_HELP:
        options_print(options, stdout);
        return OUTPUT_DONE;
    case OPTIONS_VERSION:
        printf("tapgrant %s\n", tapgrant_version());
        return OUTPUT_DONE;
    case OPTIONS_WRONG:
        break;
    }
    return output_usage(*json, "%s", options->fault);
}
