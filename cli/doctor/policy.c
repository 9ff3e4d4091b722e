// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The installed policy, as far as the user may read it, and the files of accounts that it needs.
 */
#include "cli/doctor/checks.h"
#include "cli/shared/accounts.h"
#include "cli/shared/container.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_HINT "mend the line: tapgrant-policy(5); until then everybody is denied"

/* A policy_fault_fn. */
static void report_fault(void *context, const struct policy_fault *fault) {
    char text[POLICY_FAULT_TEXT];
    char place[POLICY_FAULT_TEXT];

    findings_bad(context, "policy", policy_fault_place(fault, place), LINE_HINT, "%s",
                 policy_fault_text(fault, text));
}

static void report_unknown_name(struct findings *findings, unsigned line, const char *word) {
    char object[300];

    snprintf(object, sizeof(object), POLICY_PATH ":%u", line);
    findings_bad(findings, "policy", object, LINE_HINT,
                 "names a user or group that is not in /etc/passwd or /etc/group; write ids (%s)",
                 word);
}

/* ERROR is policy_file_load()'s. */
static void report_unread(struct findings *findings, int error) {
    const char *remedy = policy_file_remedy(error);

    switch (error) {
    case -EACCES:
        findings_bad(findings, "policy", POLICY_PATH, "chmod 0644 " POLICY_PATH ", or ask as root",
                     "not readable by you");
        break;
    case -ENOENT:
        findings_bad(findings, "policy", POLICY_PATH,
                     "install -D -m 0644 /dev/null " POLICY_PATH ", and write a rule",
                     "does not exist: everybody is denied");
        break;
    default:
        findings_bad(findings, "policy", POLICY_PATH,
                     remedy ? remedy : "let it be a regular file: tapgrant-policy(5)",
                     "%s: everybody is denied", policy_file_reason(error));
        break;
    }
}

/* ERROR is policy_accounts_read()'s. */
static void report_accounts(struct findings *findings, const char *path, int error) {
    char hint[200] = "let it be a plain text file that only root can write";

    if (error == -EACCES) {
        snprintf(hint, sizeof(hint), "chmod a+r %s, or ask as root", path);
        findings_warn(findings, "names", path, hint,
                      "not readable by you: what the policy makes of it is not checked");
        return;
    }
    if (error == -EPERM) {
        snprintf(hint, sizeof(hint), "chown root:root /etc %s; chmod go-w /etc %s", path, path);
    }
    findings_bad(findings, "names", path, hint,
                 "cannot be used for the policy: everybody is denied (%s)", accounts_reason(error));
}

static void check_rule_names(struct findings *findings,
                             const struct policy *policy,
                             const struct policy_accounts *accounts) {
    for (size_t i = 0; i < policy->rule_count; i++) {
        const struct policy_rule *rule = &policy->rules[i];
        const char *users = rule->value[POLICY_USER];
        char word[POLICY_LINE + 1];

        while (policy_next(&users, word)) {
            if (policy_check_value(accounts, POLICY_USER, word)) {
                report_unknown_name(findings, rule->line, word);
            }
        }
    }
}

/* The files of accounts, and the names in them: what the helper reads, with its conditions. */
static void check_names(struct findings *findings, const struct policy_view *view) {
    struct policy_accounts accounts;
    const char *path = NULL;
    int error = policy_accounts_read(&view->policy, &accounts, &path);

    if (error) {
        report_accounts(findings, path, error);
    } else if (view->policy.has_names) {
        check_rule_names(findings, &view->policy, &accounts);
    }
    accounts_free(&accounts);
}

/* Is the user one that only its number names? */
static void check_subordinate(struct findings *findings, const struct policy_view *view) {
    uint32_t uid = view->subject.caller.uid;
    struct policy_subuid line;
    char object[40];
    char owner[ACCOUNTS_OWNER];

    if (!view->policy.has_broad_words || !accounts_subordinate(uid, &line)) {
        return;
    }
    snprintf(object, sizeof(object), "/etc/subuid:%u", line.line);
    findings_warn(findings, "names", object,
                  "name it in the policy by its number: tapgrant-policy(5), Subordinate ids",
                  "uid %u is a subordinate id of %s: *, groups and ranges do not match it", uid,
                  accounts_owner(&line, owner));
}

/* A new check of the policy gets its row here. */
static void (*const checks[])(struct findings *findings, const struct policy_view *view) = {
    check_names,
    check_subordinate,
    check_bridges,
    check_unbridged,
};

static void check_rules(struct findings *findings, struct policy_view *view) {
    const struct passwd *user = getpwuid(getuid());
    struct policy_subject *subject = &view->subject;
    size_t count = view->policy.rule_count;

    findings_good(findings, "policy", POLICY_PATH, "valid; %zu rules%s", count,
                  count ? "" : ": everybody is denied");
    subject->caller = (struct caller){.uid = getuid(), .gid = getgid()};
    if (user) {
        snprintf(subject->name, sizeof(subject->name), "%s", user->pw_name);
    }
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        checks[i](findings, view);
    }
}

/* What decides is the host's; here it cannot be seen. */
static void report_container(struct findings *findings) {
    char command[CONTAINER_COMMAND];

    findings_warn(findings, "policy", "policy", container_command(NULL, NULL, 0, command), "%s",
                  CONTAINER_REASON);
}

void check_policy(struct findings *findings) {
    struct policy_view view = {.subject = {.name = ""}};
    bool is_valid;
    int error;

    if (container_is()) {
        report_container(findings);
        return;
    }
    error = policy_file_load(&view.policy, &is_valid, report_fault, findings);

    if (error) {
        report_unread(findings, error);
    } else if (is_valid) {
        check_rules(findings, &view);
    }
    policy_file_free(&view.policy);
}
