// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/lint/lint.h"
#include "wire/text.h"

#include <stdarg.h>
#include <stdio.h>

#define REASON 512

struct report {
    unsigned line;
    bool is_fault;
    char file[1024]; /* printable, as the next one */
    char reason[REASON];
};

static json_t *report_json(const struct report *report) {
    return json_pack("{s:s, s:i, s:s, s:s}", "file", report->file, "line", (int)report->line,
                     "severity", report->is_fault ? "error" : "warning", "reason", report->reason);
}

__attribute__((format(printf, 4, 0))) static void add(struct lint *lint,
                                                      unsigned line,
                                                      bool is_fault,
                                                      const char *reason,
                                                      va_list arguments) {
    struct report report = {.line = line, .is_fault = is_fault};

    text_printable(lint->file, report.file, sizeof(report.file));
    vsnprintf(report.reason, sizeof(report.reason), reason, arguments);
    for (char *byte = report.reason; *byte; byte++) {
        if (*byte < ' ' || *byte > '~') {
            *byte = '?';
        }
    }
    if (lint->json) {
        json_array_append_new(lint->array, report_json(&report));
    } else {
        fprintf(stderr, "%s:%u: %s%s\n", report.file, line,
                is_fault ? "" : "warning: ", report.reason);
    }
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
