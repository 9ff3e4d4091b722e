// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The names of a policy: the helper looks them up in files alone; here the name service may be asked, to say what to
 * write instead.
 */
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

void lint_names(struct lint *lint) {
    struct policy *policy = &lint->policy;
    char *passwd = NULL, *group = NULL, word[POLICY_LINE + 1];
    size_t size;

    if (policy->names && policy_file_read("/etc", "passwd", POLICY_SIZE, &passwd, &size))
        lint_report(lint, 0, true,
                    "/etc/passwd is not root's, or others can write, and the policy has names: everybody is denied");
    if (policy->names && policy_file_read("/etc", "group", POLICY_SIZE, &group, &size))
        lint_report(lint, 0, true,
                    "/etc/group is not root's, or others can write, and the policy has names: everybody is denied");
    policy->passwd = passwd;
    policy->group = group;
    for (size_t i = 0; i < policy->rule_count; i++)
        for (const char *words = policy->rules[i].value[POLICY_USER]; words && policy_next(&words, word);)
            if (policy_test(policy, POLICY_USER, word, NULL, 0) == -ENOENT)
                report_name(lint, lint_line(lint, &policy->rules[i], POLICY_USER), word);
    policy->passwd = policy->group = NULL;
    free(passwd);
    free(group);
}
