// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * --numeric: the policy with ids in the place of the names of users and groups, for a host on which
 * the helper does not find the names.
 */
#include "cli/lint/lint.h"
#include "cli/lint/words.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

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

static void print_numeric(const struct lint *lint) {
    struct lint_line line = {.text = NULL};
    char words[POLICY_LINE + 1];

    while (lint_next_line(lint, &line)) {
        if (lint_line_value(&line, POLICY_USER, words)) {
            print_users(&line, words);
        } else {
            fwrite(line.text, 1, line.length, stdout);
            putchar('\n');
        }
    }
}

void lint_numeric(struct lint *lint) {
    bool is_hidden = lint->passwd_error == -EACCES || lint->group_error == -EACCES;

    if (lint->policy.has_names && is_hidden) {
        lint_fault(lint, 0, "%s: you may not read it, so the ids of names are not known",
                   lint->passwd_error == -EACCES ? "/etc/passwd" : "/etc/group");
        return;
    }
    print_numeric(lint);
}
