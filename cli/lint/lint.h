/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within lint: one file's faults and warnings, as FILE:LINE: reason, or as JSON. */
#pragma once

#include "cli/command.h"
#include "conf/policy/policy.h"

struct lint {
    const char *file;
    const char *text; /* of the file */
    size_t size;
    struct policy policy;
    struct policy_accounts accounts; /* by lint_names() */
    bool json;
    json_t *array; /* of {file, line, severity, reason}, where JSON */
    size_t faults;
};

__attribute__((format(printf, 4, 5))) void lint_report(struct lint *lint, unsigned line, bool fault, const char *reason, ...);

/* The line of the rule's KEY. */
unsigned lint_line(const struct lint *lint, const struct policy_rule *rule, enum policy_key key);

/* Is the text one of definitions of interfaces, by its sections?  Then their faults. */
bool lint_has_definitions(const struct lint *lint);
void lint_definitions(struct lint *lint);

/*
 * Faults: names that the helper will not find, and where the name service has them.  Reads
 * lint->accounts, which lint_warnings() needs.
 */
void lint_names(struct lint *lint);

/* The id of a name by files or name service, for --numeric; false: nobody has it. */
bool lint_id(const char *word, char id[16]);

/* Warnings: what is valid, and not what its author can have meant. */
void lint_warnings(struct lint *lint);
