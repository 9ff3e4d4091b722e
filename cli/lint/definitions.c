// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * lint's other language: definitions of interfaces, a user's or the administrator's.
 */
#include "conf/definitions/definitions.h"
#include "cli/lint/lint.h"

#include <string.h>

#define ADMINISTRATORS POLICY_FOLDER "/interfaces.d/"

static bool has_line_that_begins(const struct lint *lint, const char *word) {
    struct lint_line line = {.text = NULL};
    size_t length = strlen(word);

    while (lint_next_line(lint, &line)) {
        if (line.length >= length && !memcmp(line.text, word, length)) {
            return true;
        }
    }
    return false;
}

bool lint_has_definitions(const struct lint *lint) {
    return has_line_that_begins(lint, "[interface") && !has_line_that_begins(lint, "[rule");
}

static void take_fault(void *context, unsigned line, const char *reason, const char *hint) {
    if (*hint) {
        lint_fault(context, line, "%s (%s)", reason, hint);
    } else {
        lint_fault(context, line, "%s", reason);
    }
}

/* A file with one owner in it can only be meant for tapgrant-apply. */
static enum definitions_purpose purpose_of(const struct lint *lint) {
    bool is_administrators = !strncmp(lint->file, ADMINISTRATORS, strlen(ADMINISTRATORS));

    if (is_administrators || has_line_that_begins(lint, "owner")) {
        return DEFINITIONS_APPLY;
    }
    return DEFINITIONS_LIVE;
}

void lint_definitions(struct lint *lint) {
    struct definitions definitions;
    int error =
        definitions_read(&definitions, lint->text, lint->size, purpose_of(lint), take_fault, lint);

    if (error && !definitions.faults) {
        lint_fault(lint, 0, "%s", strerror(-error));
    }
    definitions_free(&definitions);
}
