/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within tapgrant-apply: what is reported of one resource, as text or as JSON. */
#pragma once

#include "apply/interruption.h"
#include "apply/resource.h"

#define OUTCOME_REASON 2000 /* each byte of the plan's reason printable, and what follows it */

struct outcome {
    const struct resource *resource;
    bool dry_run;
    enum plan_action action;      /* what came of it; in a dry run, what is planned */
    enum plan_action partial;     /* what was carried out of one that failed; else the action */
    unsigned differences;         /* in a dry run those found, else those corrected */
    unsigned line;                /* of the definition that it is about; 0: there is none */
    char name[WIRE_NAME * 4 + 1]; /* of the tap, printable */
    char reason[OUTCOME_REASON];  /* why all of it, or a part, was not done; "": all was */
    char interruption[INTERRUPTION_TEXT];
    bool is_interruption_in_reason;
};

void outcome_collect(struct outcome *outcome, const struct resource *resource, bool dry_run);
