/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within check: what is read first, once, for all interfaces; the answer on each; and the ways to
 * show it.
 */
#pragma once

#include "cli/host_bridge.h"
#include "cli/interfaces.h"

#include <jansson.h>

#define CHECK_REASON 1100 /* bytes: why the policy is void */
#define CHECK_TEXT 400    /* bytes: what one rule says, or what would help */

struct check {
    struct policy policy;
    struct policy_accounts accounts;
    struct caller caller;
    gid_t *groups;                  /* the caller's */
    struct policy_subject subject;  /* the caller as the accounts know it, if the policy is valid */
    char void_reason[CHECK_REASON]; /* "": the policy is valid */
    const char *void_hint;          /* what would help, or NULL */
    /* The rules that grant the interfaces before this one. */
    const struct policy_rule *granted[INTERFACES_MAX];
    size_t granted_count;
};

/* On one interface.  All zeros but WANTED and FAILED if it is unmanaged or the policy is void. */
struct answer {
    const struct interface *wanted;
    struct wire_interface wire; /* the same, as the helper gets it */
    struct host_bridge bridge;
    struct policy_verdict verdict;
    const struct policy_rule *rule; /* the one that decides; NULL: none */
    enum policy_key failed;         /* POLICY_KEYS: allowed */
    size_t tried;                   /* the rules up to the one that decides, or all */
};

/* One rule that was tried. */
struct rule_answer {
    const struct policy_rule *rule;
    enum policy_key failed;  /* the first condition that does not hold; POLICY_KEYS: none */
    char detail[CHECK_TEXT]; /* the same in words, or "" */
    char hint[CHECK_TEXT];   /* what would help; "": nothing */
};

/*
 * read.c.  They return 0, or the exit status after the fault was said.  USER NULL: the user who
 * runs the command.
 */
CHECKED int check_read_caller(struct check *check, const char *user, bool json);
CHECKED int check_read_policy(struct check *check, bool json);
void check_free(struct check *check);

/* decide.c */
void answer_decide(const struct check *check,
                   const struct interface *wanted,
                   struct answer *answer);
bool answer_is_allowed(const struct answer *answer);

/* explain.c: the answer of the Nth rule, N < answer->tried. */
void answer_explain(const struct check *check,
                    const struct answer *answer,
                    size_t n,
                    struct rule_answer *one);

/* print.c.  WHERE is that of struct interfaces. */
void answer_print(const struct check *check, const struct answer *answer, const char *where);

/* json.c.  NULL: out of memory. */
json_t *answer_json(const struct check *check, const struct answer *answer);
