/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within the report: its lines of text. */
#pragma once

#include "apply/outcome.h"

/* A line on stderr, and the hint ("": none).  LINE 0: none; LABEL NULL: none. */
void report_text_fault(const char *where,
                       unsigned line,
                       const char *label,
                       const char *reason,
                       const char *hint);

/* The same about a resource, why all of it, or a part, was not done. */
void report_text_failure(const struct outcome *outcome);

/* The plan as a diff, and what was done as a line, on stdout. */
void report_text_plan(const struct outcome *outcome);
void report_text_done(const struct outcome *outcome);

void report_text_summary(const size_t count[PLAN_ACTIONS], bool dry_run);
