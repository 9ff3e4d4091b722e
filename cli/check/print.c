// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The answer as text.
 */
#include "cli/check/check.h"
#include "cli/shared/accounts.h"

#include <stdio.h>

static void print_heading(const struct interface *wanted, const char *where) {
    char shown[600];

    if (wanted->label[0]) {
        printf("%s: [interface %s]:\n", where, wanted->label);
    } else {
        printf("%s:\n", interface_printable(where, shown, sizeof(shown)));
    }
}

static void print_rules(const struct check *check, const struct answer *answer) {
    struct rule_answer one;

    for (size_t i = 0; i < answer->tried; i++) {
        answer_explain(check, answer, i, &one);
        if (one.failed < POLICY_KEYS) {
            printf("  rule %s (line %u): %s: %s\n", one.rule->name, one.rule->line,
                   policy_key_name(one.failed), one.detail);
        }
        if (one.hint[0]) {
            printf("  hint: %s\n", one.hint);
        }
    }
}

static void print_subordinate(const struct policy_subject *subject) {
    struct policy_subuid line;
    char owner[ACCOUNTS_OWNER];

    if (!subject->subuid_line || !accounts_subordinate(subject->caller.uid, &line)) {
        return;
    }
    printf("  note: uid %u is a subordinate id of %s (/etc/subuid:%u): only its number, or a range "
           "within that line, matches it\n",
           subject->caller.uid, accounts_owner(&line, owner), line.line);
}

static void print_verdict(const struct check *check, const struct answer *answer) {
    char reason[CHECK_REASON];

    if (!answer->wanted->managed) {
        puts("  allowed: managed=no is no matter of the policy's");
    } else if (check->void_reason[0]) {
        printf("  denied: nobody is granted anything: %s\n", check->void_reason);
        if (check->void_hint) {
            printf("  hint: %s\n", check->void_hint);
        }
    } else if (!answer->rule) {
        print_subordinate(&check->subject);
        printf("  denied: %s\n", answer_reason(check, answer, reason));
    } else if (!answer_is_allowed(answer)) {
        puts("  denied: that rule decides alone");
    } else {
        printf("  allowed by rule %s (%s:%u): %u of %u used\n", answer->rule->name,
               check->policy_path, answer->rule->line, answer->used,
               policy_number(answer->rule, POLICY_MAX));
    }
}

/* A user of whom only the id is known is in no group, as far as this host knows. */
static void print_unknown_account(const struct check *check) {
    if (!check->has_account) {
        printf("  note: uid %u has no account here: no group of it is known\n", check->caller.uid);
    }
}

void answer_print(const struct check *check, const struct answer *answer, const char *where) {
    print_heading(answer->wanted, where);
    print_rules(check, answer);
    print_unknown_account(check);
    print_verdict(check, answer);
}
