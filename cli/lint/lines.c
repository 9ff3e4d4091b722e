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

/* Lines with other bytes have a fault, and no value. */
static bool has_value_bytes(const struct lint_line *line) {
    for (size_t i = 0; i < line->length; i++) {
        char byte = line->text[i];

        if (byte < ' ' || byte > '~' || byte == ';' || byte == '#') {
            return false;
        }
    }
    return true;
}

bool lint_line_value(const struct lint_line *line,
                     enum policy_key key,
                     char value[POLICY_LINE + 1]) {
    const char *name = policy_key_name(key);
    size_t begin = strlen(name);

    if (line->length > POLICY_LINE || line->length <= begin || memcmp(line->text, name, begin)) {
        return false;
    }
    while (begin < line->length && line->text[begin] == ' ') {
        begin++;
    }
    if (begin == line->length || line->text[begin] != '=' || !has_value_bytes(line)) {
        return false;
    }
    begin++;
    memcpy(value, line->text + begin, line->length - begin);
    value[line->length - begin] = 0;
    return true;
}

/* Goes to the next line of the rule that has KEY. */
static bool find_key_line(const struct lint *lint,
                          const struct policy_rule *rule,
                          enum policy_key key,
                          struct lint_word *word) {
    struct lint_line *line = &word->current;

    while (lint_next_line(lint, line)) {
        if (line->number <= rule->line) {
            continue;
        }
        if (line->length && line->text[0] == '[') {
            return false;
        }
        if (lint_line_value(line, key, word->words)) {
            word->read = 0;
            return true;
        }
    }
    return false;
}

bool lint_next_word(const struct lint *lint,
                    const struct policy_rule *rule,
                    enum policy_key key,
                    struct lint_word *word) {
    do {
        const char *rest = word->words + word->read;
        bool found = policy_next(&rest, word->text);

        word->read = (size_t)(rest - word->words);
        word->line = word->current.number;
        if (found) {
            return true;
        }
    } while (find_key_line(lint, rule, key, word));
    return false;
}

unsigned lint_key_line(const struct lint *lint,
                       const struct policy_rule *rule,
                       enum policy_key key) {
    struct lint_word word = {.line = 0};

    return lint_next_word(lint, rule, key, &word) ? word.line : rule->line;
}
