/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within tapgrant-apply: all that it says.  Faults on stderr, what is done and the plan on stdout, or JSON there. */
#pragma once

#include "apply/resource.h"

#include <jansson.h>

#define REPORT_HOLDERS 900 /* bytes for RESOURCE_HOLDERS of them */

/* FILE:LINE: REASON, and the hint ("": none); LINE 0: about the whole file. */
void report_fault(const char *file, unsigned line, const char *reason, const char *hint);

/* On a terminal, once it takes long: how many of how many.  COUNT = OF: the end. */
void report_progress(size_t count, size_t of);

/* The plan as a diff, or what was done, or why not; and the summary.  The exit status. */
CHECKED int report_resources(const struct resources *resources, const struct options *options);

/* tapgrant: OBJECT: REASON.  STATUS, for main() to return. */
int report_error(const char *object, const char *reason, int status, bool json);

/* Who uses the device, for a sentence: the programs, their process ids and users. */
const char *report_holders(const struct resource *resource, char *text, size_t size);

/* Who was, or in a DRY_RUN would be, cut off and for how long.  "": nobody.  As JSON: null. */
const char *report_cut(const struct resource *resource, bool dry_run, char *text, size_t size);
json_t *report_cut_json(const struct resource *resource, bool dry_run);
