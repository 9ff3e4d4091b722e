/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within lint: one file's faults and warnings, as FILE:LINE: REASON, or as JSON. */
#pragma once

#include "cli/command.h"
#include "conf/policy/policy.h"

struct lint {
    const char *file;
    const char *text; /* of the file */
    size_t size;
    struct policy policy;
    struct policy_accounts accounts; /* lint_names() reads them */
    bool json;
    json_t *array; /* of {file, line, severity, reason}, if JSON */
    size_t faults;
};

/* report.c.  LINE 0: the whole file.  A warning is no fault. */
__attribute__((format(printf, 3, 4))) void lint_fault(struct lint *lint,
                                                      unsigned line,
                                                      const char *reason,
                                                      ...);
__attribute__((format(printf, 3, 4))) void lint_warn(struct lint *lint,
                                                     unsigned line,
                                                     const char *reason,
                                                     ...);

/* lines.c */
struct lint_line {
    const char *text; /* in that of the file */
    size_t length;    /* without the newline */
    unsigned number;  /* from 1 */
};

/* Reads the line behind *LINE, or the first one behind all zeros.  False: there is none. */
bool lint_next_line(const struct lint *lint, struct lint_line *line);

/* The number of the line with the rule's KEY; if there is none, of the rule. */
unsigned lint_key_line(const struct lint *lint,
                       const struct policy_rule *rule,
                       enum policy_key key);

/* definitions.c: are they definitions of interfaces, by the sections?  Then their faults. */
bool lint_has_definitions(const struct lint *lint);
void lint_definitions(struct lint *lint);

/*
 * names.c.  Faults: names that the helper will not find, and what the name service says of them.
 * Reads lint->accounts, which lint_warnings() needs.
 */
void lint_names(struct lint *lint);

/* warnings.c: what is valid, and not what its author can have meant. */
void lint_warnings(struct lint *lint);

/* numeric.c: prints the policy with ids in the place of names. */
void lint_print_numeric(const struct lint *lint);
