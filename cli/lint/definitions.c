// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * lint's other language: interface definitions, a user's or the administrator's.
 */
#include "conf/definitions/definitions.h"
#include "cli/lint/lint.h"

#include <string.h>

#define ADMINISTRATORS POLICY_FOLDER "/interfaces.d/"

/* Is there a line that begins with WORD? */
static bool has_line(const struct lint *lint, const char *word) {
    const char *end = lint->text + lint->size;
    size_t length = strlen(word);

    for (const char *line = lint->text; line && line < end; line = memchr(line, '\n', (size_t)(end - line))) {
        line += *line == '\n';
        if ((size_t)(end - line) >= length && !memcmp(line, word, length)) return true;
    }
    return false;
}

bool lint_has_definitions(const struct lint *lint) { return has_line(lint, "[interface") && !has_line(lint, "[rule"); }

static void take_fault(void *context, unsigned line, const char *reason, const char *hint) {
    lint_report(context, line, true, "%s%s%s%s", reason, *hint ? " (" : "", hint, *hint ? ")" : "");
}

void lint_definitions(struct lint *lint) {
    /* one owner in it, and it can only be meant for tapgrant-apply */
    bool apply = has_line(lint, "owner") || !strncmp(lint->file, ADMINISTRATORS, strlen(ADMINISTRATORS));
    struct definitions definitions;
    int failed = definitions_read(&definitions, lint->text, lint->size, apply ? DEFINITIONS_APPLY : DEFINITIONS_LIVE, take_fault,
                                  lint);

    if (failed && !definitions.faults) lint_report(lint, 0, true, "%s", strerror(-failed));
    definitions_free(&definitions);
}
