/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within tapgrant-apply: definition files as resources. */
#pragma once

#include "apply/report.h"
#include "apply/resource.h"

/*
 * Reads each of COUNT paths: the files *.conf of a folder, which only root may be able to write, or
 * a file; and applies the rules between files.  Faults go to REPORT, and set
 * resources->is_incomplete.  Returns 0 or -ENOMEM.  What is read lasts as long as the process.
 */
CHECKED int resources_read(struct resources *resources,
                           const char *const path[],
                           size_t count,
                           struct report *report);
