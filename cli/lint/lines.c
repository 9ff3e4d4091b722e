// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The file line by line: the parser says of a rule where it begins, but not where its keys are.
 */
#include "cli/lint/lint.h"

#include <string.h>

bool lint_next_line(const struct lint *lint, struct lint_line *line) {
    const char *end = lint->text + lint->size;
    const char *next = line->text ? line->text + line->length + 1 : lint->text;
    const char *newline;

    if (next >= end) {
        return false;
    }
    newline = memchr(next, '\n', (size_t)(end - next));
    line->text = next;
    line->length = (size_t)((newline ? newline : end) - next);
    line->number++;
    return true;
}

/* Is the line KEY = VALUE? */
static bool has_key(const struct lint_line *line, const char *key) {
    size_t length = strlen(key);

    if (line->length <= length || strncmp(line->text, key, length)) {
        return false;
    }
    return line->text[length] == ' ' || line->text[length] == '=';
}

unsigned lint_key_line(const struct lint *lint,
                       const struct policy_rule *rule,
                       enum policy_key key) {
    struct lint_line line = {.text = NULL};

    while (lint_next_line(lint, &line)) {
        if (line.number > rule->line && has_key(&line, policy_key_name(key))) {
            return line.number;
        }
    }
    return rule->line;
}
