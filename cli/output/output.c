// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/output/output.h"
#include "conf/interface/interface.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

bool output_keep_descriptors(void) {
    int fd = open("/dev/null", O_RDWR);

    while (fd >= 0 && fd <= STDERR_FILENO) {
        fd = open("/dev/null", O_RDWR);
    }
    if (fd < 0) {
        return false;
    }
    return !close(fd);
}

int output_end(void) {
    if (!fflush(stdout) && !ferror(stdout)) {
        return TAPGRANT_OK;
    }
    fputs("tapgrant: standard output: cannot be written\n", stderr);
    return TAPGRANT_FAILED;
}

int output_text(const struct tapgrant_error *error) {
    fprintf(stderr, "tapgrant: %s: %s\n", error->object, error->reason);
    if (error->hint[0]) {
        fprintf(stderr, "hint: %s\n", error->hint);
    }
    return error->code;
}

struct tapgrant_error output_error_of(const struct interface_fault *fault) {
    struct tapgrant_error error = {.code = TAPGRANT_USAGE};

    snprintf(error.object, sizeof(error.object), "%s", fault->object);
    snprintf(error.reason, sizeof(error.reason), "%s", fault->reason);
    snprintf(error.hint, sizeof(error.hint), "%s", fault->hint);
    return error;
}

struct tapgrant_error output_usage_of(const char *program, const char *format, va_list arguments) {
    struct tapgrant_error error = {.code = TAPGRANT_USAGE, .object = "usage"};

    snprintf(error.hint, sizeof(error.hint), "%s --help shows how", program);
    vsnprintf(error.reason, sizeof(error.reason), format, arguments);
    for (char *byte = error.reason; *byte; byte++) {
        if (*byte < ' ' || *byte > '~') {
            *byte = '?';
        }
    }
    return error;
}

void output_warning(const struct tapgrant_device *device, const char *warning) {
    char name[80];
    char shown[600];

    interface_printable(tapgrant_name(device), name, sizeof(name));
    interface_printable(warning, shown, sizeof(shown));
    fprintf(stderr, "tapgrant: interface %s: warning: %s\n", name, shown);
}

void output_warnings(const struct tapgrant_device *device) {
    unsigned number = 0;
    const char *warning = tapgrant_warning(device, number);

    while (warning) {
        output_warning(device, warning);
        number++;
        warning = tapgrant_warning(device, number);
    }
}
