/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within tapgrant-apply: what it says.  Faults go to stderr; what is done, or planned, to
 * stdout, as text or as JSON.
 */
#pragma once

#include "apply/resource.h"

#include <jansson.h>

struct report {
    const struct options *options;
    size_t fault_count;
    json_t *faults; /* an array; NULL: none yet, or out of memory */
};

/* Says FILE:LINE: REASON, and the hint ("": none); LINE 0: about the whole file. */
void report_fault(struct report *report,
                  const char *file,
                  unsigned line,
                  const char *reason,
                  const char *hint);

/*
 * Says the plan as a diff, or what was done, or why not; and the summary.  Returns the exit status.
 */
CHECKED int report_resources(struct report *report, const struct resources *resources);

/* Says tapgrant: OBJECT: REASON.  Returns STATUS, for main() to return. */
int report_error(const char *object, const char *reason, int status, bool json);
