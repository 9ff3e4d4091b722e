// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/definitions/read.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int read_stream(FILE *file, char **text, size_t *size) {
    *text = malloc(DEFINITIONS_SIZE + 1);
    if (!*text) {
        return -ENOMEM;
    }
    errno = EIO; /* fread(3) need not set it */
    *size = fread(*text, 1, DEFINITIONS_SIZE + 1, file);
    if (ferror(file)) {
        return -errno;
    }
    return *size > DEFINITIONS_SIZE ? -EFBIG : 0;
}

int definition_file_load(const char *path, char **text, size_t *size) {
    FILE *file = strcmp(path, "-") ? fopen(path, "re") : stdin;
    int error;

    *text = NULL;
    *size = 0;
    if (!file) {
        return -errno;
    }
    error = read_stream(file, text, size);
    fclose(file);
    if (error) {
        free(*text);
        *text = NULL;
    }
    return error;
}

void definition_report_begin(struct definition_report *report, const char *path, bool json) {
    *report = (struct definition_report){.json = json, .faults = json ? json_array() : NULL};
    interface_printable(path, report->path, sizeof(report->path));
}

void definition_report_fault(void *context, unsigned line, const char *reason, const char *hint) {
    struct tapgrant_error failure = {.code = TAPGRANT_USAGE};
    struct definition_report *report = context;
    json_t *fault;

    snprintf(failure.object, sizeof(failure.object), "%.100s:%u", report->path, line);
    snprintf(failure.reason, sizeof(failure.reason), "%s", reason);
    snprintf(failure.hint, sizeof(failure.hint), "%s", hint);
    fprintf(stderr, "tapgrant: %s:%u: %s\n", report->path, line, reason);
    if (*hint) {
        fprintf(stderr, "hint: %s\n", hint);
    }
    if (!report->first.code) {
        report->first = failure;
    }
    if (report->faults) {
        fault = json_pack("{s:s, s:i, s:s, s:s?}", "file", report->path, "line", (int)line,
                          "reason", reason, "hint", *hint ? hint : NULL);
        json_array_append_new(report->faults, fault);
    }
}

static int refuse_unreadable(const struct definition_report *report, int error) {
    struct tapgrant_error failure = {.code = TAPGRANT_USAGE};

    snprintf(failure.object, sizeof(failure.object), "%.127s", report->path);
    snprintf(failure.reason, sizeof(failure.reason), "cannot be read: %s", strerror(-error));
    return output_error(&failure, report->json);
}

int definition_report_end(struct definition_report *report, int error) {
    int code = TAPGRANT_OK;

    if (error && !report->first.code) {
        code = refuse_unreadable(report, error);
    } else if (error) {
        code = TAPGRANT_USAGE;
        if (report->json) {
            output_faults(&report->first, report->faults);
            report->faults = NULL;
        }
    }
    json_decref(report->faults);
    return code;
}

int definition_file_read(const char *path,
                         enum definitions_purpose purpose,
                         bool json,
                         struct definitions *definitions) {
    struct definition_report report;
    char *text;
    size_t size;
    int error;

    *definitions = (struct definitions){.count = 0};
    definition_report_begin(&report, path, json);
    error = definition_file_load(path, &text, &size);
    if (!error) {
        error =
            definitions_read(definitions, text, size, purpose, definition_report_fault, &report);
    }
    free(text);
    return definition_report_end(&report, error);
}
