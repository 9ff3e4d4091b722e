// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One file, of which kind it may be.
 */
#include "conf/file/file.h"
#include "cli/lint/lint.h"
#include "cli/lint/people.h"
#include "cli/lint/words.h"
#include "cli/shared/accounts.h"
#include "cli/shared/policy_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * Tells of names that the policy's language does not have and that somebody has all the same, as
 * john.doe@corp.example.  False: not all bad words of the fault are such names.
 */
static bool report_strange_names(struct lint *lint, const struct policy_fault *fault) {
    const char *words = fault->detail;
    char word[POLICY_LINE + 1];
    char id[WORD_ID];
    bool are_all = true;

    if (fault->key != POLICY_USER || strcmp(fault->reason, POLICY_BAD_VALUE) != 0) {
        return false;
    }
    while (policy_next(&words, word)) {
        if (!policy_word_is_bad(POLICY_USER, word)) {
            continue;
        }
        if (!word_id(word, id)) {
            are_all = false;
            continue;
        }
        lint_fault(lint, fault->line,
                   "%s of user: %s (a name with such bytes is written as its id: %s)",
                   fault->reason, word, id);
    }
    return are_all;
}

/* A policy_fault_fn. */
static void take_fault(void *context, const struct policy_fault *fault) {
    char text[POLICY_FAULT_TEXT];

    if (!report_strange_names(context, fault)) {
        lint_fault(context, fault->line, "%s", policy_fault_text(fault, text));
    }
}

/* The file was not read.  Only of one that the helper would read so is it known what follows. */
static void report_unread(struct lint *lint, enum lint_place place, int error) {
    const char *remedy = place == LINT_POLICY ? policy_file_remedy(error) : NULL;
    bool is_refused = error == -EPERM || error == -ELOOP || error == -EINVAL;
    bool is_policy = place == LINT_POLICY || lint->options->installed;

    if (place == LINT_DECLARED) {
        lint_fault(lint, 0, "%s", file_reason(error));
    } else if (remedy) {
        lint_fault(lint, 0, "%s: everybody is denied (as root: %s)", policy_file_reason(error),
                   remedy);
    } else if (is_refused && is_policy) {
        lint_fault(lint, 0, "%s: everybody is denied", policy_file_reason(error));
    } else {
        lint_fault(lint, 0, "%s", policy_file_reason(error));
    }
}

/* Warnings only about what has no fault; ids also where the only faults are unknown names. */
static void lint_policy(struct lint *lint) {
    size_t before = lint->faults;
    size_t parsed;
    int error;

    lint_read_accounts(lint);
    error = policy_file_parse(&lint->policy, lint->text, lint->size, take_fault, lint);
    parsed = lint->faults;
    if (error == -ENOMEM) {
        lint_fault(lint, 0, "%s", strerror(ENOMEM));
    } else {
        lint_names(lint);
    }
    if (lint->faults == before) {
        lint_warnings(lint);
    }
    if (parsed == before && error != -ENOMEM && lint->options->numeric) {
        lint_numeric(lint);
    }
    people_free(lint);
    accounts_free(&lint->accounts);
    policy_file_free(&lint->policy);
}

/* An installed file is of the kind of its place, whatever its sections are. */
static bool is_of_definitions(const struct lint *lint, enum lint_place place) {
    if (place == LINT_ELSEWHERE) {
        return lint_has_definitions(lint);
    }
    return place == LINT_DECLARED;
}

void lint_file(struct lint *lint, const char *path) {
    enum lint_place place = lint_find_place(path);
    char *text = NULL;
    int error;

    lint->file = path;
    error = lint_read(lint, place, &text, &lint->size);
    if (error) {
        report_unread(lint, place, error);
        lint_end_reports(lint);
        return;
    }
    lint->text = text;
    if (is_of_definitions(lint, place) && lint->size > DEFINITIONS_SIZE) {
        lint_fault(lint, 0, "%s", strerror(EFBIG));
    } else if (is_of_definitions(lint, place)) {
        lint_definitions(lint, place);
    } else {
        lint_policy(lint);
    }
    lint_end_reports(lint);
    free(text);
}
