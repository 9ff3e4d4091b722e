// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What was found in a file is kept until the file is done, and shown in the order of its lines: the
 * faults are found one kind after the other.
 */
#include "cli/lint/lint.h"
#include "wire/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define FILE_NAME 1024 /* bytes, as it is shown */

struct lint_report {
    unsigned line;
    size_t order; /* in which it was found */
    bool is_fault;
    char *reason; /* printable */
};

static json_t *report_json(const char *file, const struct lint_report *report) {
    json_t *line = report->line ? json_integer(report->line) : json_null();

    return json_pack("{s:s, s:o, s:s, s:s}", "file", file, "line", line, "severity",
                     report->is_fault ? "error" : "warning", "reason", report->reason);
}

static void print_report(const char *file, const struct lint_report *report) {
    const char *severity = report->is_fault ? "" : "warning: ";

    if (report->line) {
        fprintf(stderr, "%s:%u: %s%s\n", file, report->line, severity, report->reason);
    } else {
        fprintf(stderr, "%s: %s%s\n", file, severity, report->reason);
    }
}

static void show_report(struct lint *lint, const struct lint_report *report) {
    char file[FILE_NAME];

    text_printable(lint->file, file, sizeof(file));
    if (lint->options->json) {
        json_array_append_new(lint->array, report_json(file, report));
    } else {
        print_report(file, report);
    }
}

static int compare_reports(const void *one, const void *other) {
    const struct lint_report *a = one;
    const struct lint_report *b = other;

    if (a->line != b->line) {
        return a->line < b->line ? -1 : 1;
    }
    return a->order < b->order ? -1 : 1;
}

void lint_end_reports(struct lint *lint) {
    if (!lint->report_count) {
        return;
    }
    qsort(lint->reports, lint->report_count, sizeof(*lint->reports), compare_reports);
    for (size_t i = 0; i < lint->report_count; i++) {
        show_report(lint, &lint->reports[i]);
        free(lint->reports[i].reason);
    }
    free(lint->reports);
    lint->reports = NULL;
    lint->report_count = 0;
}

/* Keeps the report; without memory it is shown at once. */
static void keep_report(struct lint *lint, const struct lint_report *report) {
    size_t count = lint->report_count + 1;
    struct lint_report *reports = reallocarray(lint->reports, count, sizeof(*reports));

    if (!reports) {
        show_report(lint, report);
        free(report->reason);
        return;
    }
    reports[lint->report_count] = *report;
    lint->reports = reports;
    lint->report_count = count;
}

__attribute__((format(printf, 4, 0))) static void add(struct lint *lint,
                                                      unsigned line,
                                                      bool is_fault,
                                                      const char *reason,
                                                      va_list arguments) {
    struct lint_report report = {.line = line, .order = lint->report_count, .is_fault = is_fault};

    if (vasprintf(&report.reason, reason, arguments) < 0) {
        fputs("tapgrant: lint: out of memory\n", stderr);
        lint->faults++;
        return;
    }
    for (char *byte = report.reason; *byte; byte++) {
        if (*byte < ' ' || *byte > '~') {
            *byte = '?';
        }
    }
    keep_report(lint, &report);
}

void lint_fault(struct lint *lint, unsigned line, const char *reason, ...) {
    va_list arguments;

    lint->faults++;
    va_start(arguments, reason);
    add(lint, line, true, reason, arguments);
    va_end(arguments);
}

void lint_warn(struct lint *lint, unsigned line, const char *reason, ...) {
    va_list arguments;

    va_start(arguments, reason);
    add(lint, line, false, reason, arguments);
    va_end(arguments);
}
