// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/output/json.h"
#include "cli/output/output.h"

int output_usage(bool json, const char *format, ...) {
    struct tapgrant_error error;
    va_list arguments;

    va_start(arguments, format);
    error = output_usage_of("tapgrant", format, arguments);
    va_end(arguments);
    return output_error(&error, json);
}
