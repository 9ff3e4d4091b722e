// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tapgrant lint: every fault of a policy or of definitions at once, with FILE:LINE, by the parser
 * that reads them in earnest; and what is suspicious in a policy.
 */
#include "cli/lint/lint.h"
#include "cli/lint/people.h"
#include "cli/lint/words.h"
#include "cli/accounts.h"
#include "cli/options.h"
#include "cli/policy_file.h"
#include "conf/file/file.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "Usage: tapgrant lint [--numeric] [--installed] [--json] [FILE]...\n"
    "Checks policies, or definitions of interfaces, told apart by their sections.  Without FILE\n"
    "the installed policy, for which owner and mode are checked as well.\n";

static const char end[] =
    "Exit status 0: no fault (there may be warnings); 2: faults, each as FILE:LINE: reason.\n";

struct request {
    bool numeric;
    bool installed;
    bool json;
};

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

static int read_installed(const char *path, char **text, size_t *size) {
    char folder[PATH_MAX];
    char name[PATH_MAX];

    if (strlen(path) >= PATH_MAX) {
        return -ENAMETOOLONG;
    }
    snprintf(folder, sizeof(folder), "%s", path);
    snprintf(name, sizeof(name), "%s", path);
    return file_read_trusted(dirname(folder), basename(name), POLICY_SIZE, text, size);
}

static int read_text(const char *path, bool installed, char **text, size_t *size) {
    if (installed || !strcmp(path, POLICY_PATH)) {
        return read_installed(path, text, size);
    }
    return file_read_plain(path, POLICY_SIZE, text, size);
}

/* The file was not read.  Only of one that the helper would read so is it known what follows. */
static void report_unread(struct lint *lint, bool installed, int error) {
    bool is_policy = !strcmp(lint->file, POLICY_PATH);
    const char *remedy = is_policy ? policy_file_remedy(error) : NULL;
    bool is_refused = error == -EPERM || error == -ELOOP || error == -EINVAL;

    if (remedy) {
        lint_fault(lint, 0, "%s: everybody is denied (as root: %s)", policy_file_reason(error),
                   remedy);
    } else if (is_refused && (installed || is_policy)) {
        lint_fault(lint, 0, "%s: everybody is denied", policy_file_reason(error));
    } else {
        lint_fault(lint, 0, "%s", policy_file_reason(error));
    }
}

/* Warnings only about what has no fault; ids also where the only faults are unknown names. */
static void lint_policy(struct lint *lint, bool numeric) {
    size_t before = lint->faults;
    size_t parsed;
    int error = policy_file_parse(&lint->policy, lint->text, lint->size, take_fault, lint);

    parsed = lint->faults;
    if (error == -ENOMEM) {
        lint_fault(lint, 0, "%s", strerror(ENOMEM));
    } else {
        lint_names(lint);
    }
    if (lint->faults == before) {
        lint_warnings(lint);
    }
    if (parsed == before && error != -ENOMEM && numeric) {
        lint_print_numeric(lint);
    }
    people_free(lint);
    accounts_free(&lint->accounts);
    policy_file_free(&lint->policy);
}

static void lint_file(struct lint *lint, const char *path, const struct request *request) {
    char *text = NULL;
    int error;

    lint->file = path;
    error = read_text(path, request->installed, &text, &lint->size);
    if (error) {
        report_unread(lint, request->installed, error);
        lint_end_reports(lint);
        return;
    }
    lint->text = text;
    if (lint_has_definitions(lint)) {
        lint_definitions(lint);
    } else {
        lint_policy(lint, request->numeric);
    }
    lint_end_reports(lint);
    free(text);
}

static int lint_files(char *const files[], int count, const struct request *request) {
    struct lint lint = {.json = request->json};
    int code;

    if (lint.json) {
        lint.array = json_array();
    }
    for (int i = 0; i < count; i++) {
        lint_file(&lint, files[i], request);
    }
    if (!count) {
        lint_file(&lint, POLICY_PATH, request);
    }
    code = lint.json ? output_json(lint.array) : output_end();
    if (code) {
        return code;
    }
    return lint.faults ? TAPGRANT_USAGE : TAPGRANT_OK;
}

int lint_main(int argc, char *argv[]) {
    struct request request = {.json = false};
    struct options options = {
        .usage = usage,
        .end = end,
        .row = {{"numeric", NULL,
                 "prints the policy with ids in the place of names, if it has no other fault",
                 .flag = &request.numeric},
                {"installed", NULL, "checks owner, mode and folder of every FILE",
                 .flag = &request.installed},
                {"json", NULL, "as JSON", .flag = &request.json}}};
    int code = output_options(&options, argc, argv, &request.json);

    if (code) {
        return code < 0 ? TAPGRANT_OK : code;
    }
    if (request.numeric && request.json) {
        return output_usage(true, "--numeric prints a policy, and --json something else");
    }
    return lint_files(options.word, options.word_count, &request);
}
