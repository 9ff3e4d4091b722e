// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * --numeric: the policy with ids in the place of the names of users and groups, for a host on which
 * the helper does not find the names.
 */
#include "cli/lint/lint.h"
#include "cli/lint/words.h"

#include <stdio.h>
#include <string.h>

/* The words of user = of the rule that the line is in; NULL: it is no such line. */
static const char *users_of(const struct lint *lint, const struct lint_line *line) {
    const char *name = policy_key_name(POLICY_USER);
    const char *words = NULL;
    size_t length = strlen(name);

    if (line->length < length || memcmp(line->text, name, length)) {
        return NULL;
    }
    length += strspn(line->text + length, " ");
    if (length >= line->length || line->text[length] != '=') {
        return NULL;
    }
    for (size_t i = 0; i < lint->policy.rule_count; i++) {
        const struct policy_rule *rule = &lint->policy.rules[i];

        if (rule->line < line->number) {
            words = rule->value[POLICY_USER];
        }
    }
    return words;
}

static void print_users(const struct lint_line *line, const char *words) {
    const char *equals = memchr(line->text, '=', line->length);
    char word[POLICY_LINE + 1];
    char id[WORD_ID];

    printf("%.*s=", (int)(equals - line->text), line->text);
    while (policy_next(&words, word)) {
        printf(" %s", word_id(word, id) ? id : word);
    }
    putchar('\n');
}

void lint_print_numeric(const struct lint *lint) {
    struct lint_line line = {.text = NULL};

    while (lint_next_line(lint, &line)) {
        const char *words = users_of(lint, &line);

        if (words) {
            print_users(&line, words);
        } else {
            printf("%.*s\n", (int)line.length, line.text);
        }
    }
}
