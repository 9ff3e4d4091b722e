// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The report of all resources, in the order of their definitions.
 */
#include "apply/report.h"
#include "apply/outcome.h"
#include "apply/report_json.h"
#include "apply/report_text.h"

#include <stdio.h>

int report_error(const char *object, const char *reason, int status, bool json) {
    report_text_fault(object, 0, NULL, reason, "");
    if (json) {
        report_json_error(object, reason, status);
    }
    return status;
}

void report_fault(struct report *report,
                  const char *file,
                  unsigned line,
                  const char *reason,
                  const char *hint) {
    report->fault_count++;
    report_text_fault(file, line, NULL, reason, hint);
    if (!report->faults) {
        report->faults = json_array();
    }
    json_array_append_new(report->faults, report_json_fault(file, line, reason, hint));
}

static void count_outcome(const struct outcome *outcome, size_t count[PLAN_ACTIONS]) {
    count[outcome->action]++;
    if (outcome->partial != outcome->action) {
        count[outcome->partial]++;
    }
    /* a part of it cannot be changed */
    if (outcome->reason[0] && outcome->action != PLAN_FAIL) {
        count[PLAN_FAIL]++;
    }
}

static void report_outcome(const struct outcome *outcome, json_t *interfaces) {
    if (outcome->reason[0]) {
        report_text_failure(outcome);
    }
    if (interfaces) {
        json_array_append_new(interfaces, report_json_outcome(outcome));
    } else if (outcome->dry_run) {
        report_text_plan(outcome);
    } else {
        report_text_done(outcome);
    }
}

int report_resources(struct report *report, const struct resources *resources) {
    const struct options *options = report->options;
    json_t *interfaces = options->json ? json_array() : NULL;
    size_t count[PLAN_ACTIONS] = {[PLAN_FAIL] = report->fault_count};
    struct outcome outcome;
    bool is_written = true;

    for (size_t i = 0; i < resources->count; i++) {
        outcome_collect(&outcome, &resources->resource[i], options->dry_run);
        count_outcome(&outcome, count);
        report_outcome(&outcome, interfaces);
    }
    if (options->json) {
        is_written = report_json_all(count, interfaces, report->faults, options->dry_run);
    } else {
        report_text_summary(count, options->dry_run);
    }
    if (fflush(stdout) || ferror(stdout)) {
        is_written = false;
    }
    if (!is_written) {
        fputs("tapgrant: standard output: cannot be written\n", stderr);
    }
    return !is_written || count[PLAN_FAIL];
}
