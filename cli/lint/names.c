// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The names of a policy: the helper looks them up in files alone; here the name service may be asked, to say what to
 * write instead.
 */
#include "conf/file/file.h"
#include "cli/accounts.h"
#include "cli/lint/lint.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_name(const char *word) { return word[strspn(word, "%*-0123456789")]; }

bool lint_id(const char *word, char id[16]) {
    const struct passwd *user = NULL;
    const struct group *group = NULL;

    if (!is_name(word)) return false;
    if (word[0] == '%')
        group = getgrnam(word + 1);
    else
        user = getpwnam(word);
    if (user) snprintf(id, 16, "%u", user->pw_uid);
    if (group) snprintf(id, 16, "%%%u", group->gr_gid);
    return user || group;
}

static void report_name(struct lint *lint, unsigned line, const char *word) {
    bool group = word[0] == '%';
    const char *kind = group ? "group" : "user", *file = group ? "/etc/group" : "/etc/passwd";
    char id[16];

    if (lint_id(word, id))
        lint_report(lint, line, true, "%s %s is not in %s; the name service has it as %s: write %s", kind, word + group, file,
                    id + group, id);
    else
        lint_report(lint, line, true, "%s %s is not in %s, nor has the name service it: everybody is denied", kind, word + group,
                    file);
}

/* What the helper does not take denies everybody; what only root may read, the helper may, too. */
static void report_file(struct lint *lint, const char *path, const char *needed_for, int failed) {
    if (failed == -EACCES) {
        lint_report(lint, 0, false, "%s: you may not read it, so the policy's %s are not checked",
                    path, needed_for);
    } else if (failed) {
        lint_report(lint, 0, true, "%s: %s, and the policy has %s: everybody is denied", path,
                    accounts_reason(failed), needed_for);
    }
}

/* The subordinate ids are there for the warnings, too, whether or not a rule needs them. */
static void read_accounts(struct lint *lint) {
    struct policy_accounts *accounts = &lint->accounts;
    size_t size;
    int failed;

    if (lint->policy.has_names) {
        failed = file_read_trusted("/etc", "passwd", POLICY_SIZE, &accounts->passwd, &size);
        report_file(lint, "/etc/passwd", "names", failed);
        failed = file_read_trusted("/etc", "group", POLICY_SIZE, &accounts->group, &size);
        report_file(lint, "/etc/group", "names", failed);
    }
    failed = policy_subuid_read(&accounts->subuid);
    if (lint->policy.has_broad_words) {
        report_file(lint, "/etc/subuid", "words for many (*, groups, ranges)", failed);
    }
    if (failed) {
        free(accounts->subuid);
        accounts->subuid = NULL;
    }
}

void lint_names(struct lint *lint) {
    struct policy *policy = &lint->policy;
    char word[POLICY_LINE + 1];

    read_accounts(lint);
    for (size_t i = 0; i < policy->rule_count; i++)
        for (const char *words = policy->rules[i].value[POLICY_USER]; words && policy_next(&words, word);)
            if (policy_check_value(&lint->accounts, POLICY_USER, word) == -ENOENT)
                report_name(lint, lint_line(lint, &policy->rules[i], POLICY_USER), word);
}
