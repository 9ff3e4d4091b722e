// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The names of users and groups.  The helper looks them up in files alone; here the name service is
 * asked, to say what to write instead.
 */
#include "cli/lint/lint.h"
#include "cli/lint/words.h"
#include "cli/shared/accounts.h"
#include "conf/file/file.h"

#include <errno.h>
#include <stdlib.h>

static void report_name(struct lint *lint, unsigned line, const char *word) {
    bool is_group = word[0] == '%';
    const char *kind = is_group ? "group" : "user";
    const char *file = is_group ? "/etc/group" : "/etc/passwd";
    char id[WORD_ID];

    if (word_id(word, id)) {
        lint_fault(lint, line, "%s %s is not in %s; the name service has it as %s: write %s", kind,
                   word + is_group, file, id + is_group, id);
    } else {
        lint_fault(lint, line,
                   "%s %s is not in %s, nor has the name service it: everybody is denied", kind,
                   word + is_group, file);
    }
}

/*
 * A file that the helper does not take denies everybody.  One that only root may read is no fault:
 * the helper reads it as root.  ERROR is that of reading it, or 0.
 */
static void report_file(struct lint *lint, const char *path, const char *needed_for, int error) {
    if (error == -EACCES) {
        lint_warn(lint, 0, "%s: you may not read it, so the policy's %s are not checked", path,
                  needed_for);
    } else if (error) {
        lint_fault(lint, 0, "%s: %s, and the policy has %s: everybody is denied", path,
                   accounts_reason(error), needed_for);
    }
}

/*
 * Whether or not the policy needs them: a name that it has is first the one of the files, as for
 * the helper.  The subordinate ids are for the warnings, too.
 */
void lint_read_accounts(struct lint *lint) {
    struct policy_accounts *accounts = &lint->accounts;
    size_t size;

    words_begin(accounts, !lint->options->syntax);
    if (lint->options->syntax) {
        return;
    }
    lint->passwd_error = file_read_trusted("/etc", "passwd", POLICY_SIZE, &accounts->passwd, &size);
    lint->group_error = file_read_trusted("/etc", "group", POLICY_SIZE, &accounts->group, &size);
    lint->subuid_error = policy_subuid_read(&accounts->subuid);
    if (lint->subuid_error) {
        free(accounts->subuid);
        accounts->subuid = NULL;
    }
}

static void report_files(struct lint *lint) {
    if (lint->policy.has_names) {
        report_file(lint, "/etc/passwd", "names", lint->passwd_error);
        report_file(lint, "/etc/group", "names", lint->group_error);
    }
    if (lint->policy.has_broad_words) {
        report_file(lint, "/etc/subuid", "words for many (*, groups, ranges)", lint->subuid_error);
    }
}

/* Could the file that has the word's id not be read?  Then that was told. */
static bool is_unread(const struct lint *lint, const char *word) {
    return word[0] == '%' ? lint->group_error : lint->passwd_error;
}

static void check_names(struct lint *lint, const struct policy_rule *rule) {
    struct lint_word word = {.line = 0};

    while (lint_next_word(lint, rule, POLICY_USER, &word)) {
        int error = policy_check_value(&lint->accounts, POLICY_USER, word.text);

        if (error == -ENOENT && !is_unread(lint, word.text)) {
            report_name(lint, word.line, word.text);
        }
    }
}

void lint_names(struct lint *lint) {
    if (lint->options->syntax) {
        return;
    }
    report_files(lint);
    for (size_t i = 0; i < lint->policy.rule_count; i++) {
        check_names(lint, &lint->policy.rules[i]);
    }
}
