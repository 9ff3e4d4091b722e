/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within the command: what the policy says to an interface, and why.  check shows all of it; run,
 * create and the bridge helper add the first reason to a denial.  Nothing here prints.
 *
 * The caller, the policy and the accounts are read first, once; then each interface is answered.
 */
#pragma once

#include "cli/shared/host_bridge.h"
#include "conf/interface/interface.h"
#include "lib/tapgrant.h"

#define CHECK_REASON 1100 /* bytes: why the policy is void */
#define CHECK_PATH 500    /* bytes of the policy's path */
#define CHECK_TEXT 400    /* bytes: what one rule says, or what would help */

/* Whom and what to ask.  All zeros: the installed policy, for the user who runs the command. */
struct check_question {
    const char *user;   /* a name or an id; NULL: who runs the command */
    const char *policy; /* a file, whoever can write it; NULL: the installed policy */
    bool other_netns;   /* as from another network namespace than the service's */
};

struct check {
    struct policy policy;
    struct policy_accounts accounts;
    struct caller caller;
    char policy_path[CHECK_PATH];   /* printable */
    gid_t *groups;                  /* the caller's */
    bool has_account;               /* false: of the caller only the id is known */
    struct policy_subject subject;  /* the caller as the accounts know it, if the policy is valid */
    char void_reason[CHECK_REASON]; /* "": the policy is valid */
    const char *void_hint;          /* what would help, or NULL */
    /* The rules that grant the interfaces before this one. */
    const struct policy_rule *granted[WIRE_INTERFACES];
    size_t granted_count;
};

/* On one interface.  All zeros but WANTED and FAILED if it is unmanaged or the policy is void. */
struct answer {
    const struct interface *wanted;
    struct wire_interface wire; /* the same, as the helper gets it */
    struct host_bridge bridge;
    struct policy_verdict verdict;
    const struct policy_rule *rule; /* the one that decides; NULL: none */
    uint32_t used;                  /* of its max; 0: none decides */
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
 * read.c.  Reads the caller, the policy and the accounts.  A policy that is void is an answer:
 * TAPGRANT_OK.  What this process cannot read is none: another code, and *ERROR says why.  In any
 * case *CHECK is for check_free().
 */
CHECKED int check_read(struct check *check,
                       const struct check_question *question,
                       struct tapgrant_error *error);
void check_free(struct check *check);

/* The caller's name for a message: that of its account, or "uid N".  Returns TEXT. */
const char *check_caller_name(const struct check *check, char text[POLICY_WORD]);

/*
 * decide.c.  TAPGRANT_OK; or another code: what the answer depends on could not be read, and
 * *ERROR says why.  It counts as granted, for the interfaces behind it, if it is allowed.
 */
CHECKED int answer_decide(struct check *check,
                          const struct interface *wanted,
                          struct answer *answer,
                          struct tapgrant_error *error);
bool answer_is_allowed(const struct answer *answer);

/* Would the helper deny it?  Not if a rule grants, and the quota or the bridge is against it. */
bool answer_is_denied(const struct answer *answer);

/* The taps that the caller holds under the rule, and those of the interfaces before. */
CHECKED int check_count_held(const struct check *check,
                             const struct policy_rule *rule,
                             uint32_t *held,
                             struct tapgrant_error *error);

/* explain.c: the answer of the Nth rule, N < answer->tried. */
void answer_explain(const struct check *check,
                    const struct answer *answer,
                    size_t n,
                    struct rule_answer *one);

/* Why it is denied, in one sentence.  Returns TEXT. */
const char *answer_reason(const struct check *check,
                          const struct answer *answer,
                          char text[CHECK_REASON]);
