/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within the report: its objects.  NULL: out of memory. */
#pragma once

#include "apply/outcome.h"

#include <jansson.h>

json_t *report_json_fault(const char *file, unsigned line, const char *reason, const char *hint);

json_t *report_json_outcome(const struct outcome *outcome);

/* Prints the object of all that was done, and takes INTERFACES and FAULTS.  False: it cannot. */
CHECKED bool report_json_all(const size_t count[PLAN_ACTIONS],
                             json_t *interfaces,
                             json_t *faults,
                             bool dry_run);

/* Prints the object that stands in its place after an error. */
void report_json_error(const char *object, const char *reason, int status);
