/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within the command: the installed policy, read and parsed as the helper does it. */
#pragma once

#include "conf/policy/policy.h"

#define POLICY_FILE "policy.conf"
#define POLICY_PATH POLICY_FOLDER "/" POLICY_FILE

#define POLICY_FAULT_TEXT 512 /* bytes: a fault in words */

/*
 * policy_parse() for those who tell a person: the faults come in the order of their lines, and
 * without those that follow from others.  TEXT has a NUL behind it.
 */
CHECKED int policy_file_parse(struct policy *policy,
                              const char *text,
                              size_t size,
                              policy_fault_fn *fault,
                              void *context);

/* Where the fault is: POLICY_PATH and the line, if it has one.  Returns TEXT. */
const char *policy_fault_place(const struct policy_fault *fault, char text[POLICY_FAULT_TEXT]);

/* Why the policy was not read.  ERROR is policy_file_load()'s. */
const char *policy_file_reason(int error);

/* The command for root's shell that makes the installed policy one that is read.  NULL: none. */
const char *policy_file_remedy(int error);

/* The fault in words, and what is allowed in its place.  Returns TEXT. */
const char *policy_fault_text(const struct policy_fault *fault, char text[POLICY_FAULT_TEXT]);

/* Is the word, on any host, no value of KEY? */
bool policy_word_is_bad(enum policy_key key, const char *word);

/*
 * Reads the policy.  0: *IS_VALID tells whether it is; each fault was told to FAULT, which may be
 * NULL.  The errors are those of file_read_trusted() and -ENOMEM: then there are no rules.  In any
 * case *POLICY is for policy_file_free().
 */
CHECKED int policy_file_load(struct policy *policy,
                             bool *is_valid,
                             policy_fault_fn *fault,
                             void *context);

/*
 * The same of any file, whoever can write it; "-" is standard input.  The errors are those of
 * file_read_plain() and -ENOMEM.
 */
CHECKED int policy_file_load_named(const char *path,
                                   struct policy *policy,
                                   bool *is_valid,
                                   policy_fault_fn *fault,
                                   void *context);

/*
 * Does the helper meet the same error?  False: it is this process that may not, or could not, read
 * the file, so what the helper makes of it is not known.  ERROR is file_read_trusted()'s.
 */
bool policy_file_is_refused(int error);

/* Frees what policy_file_load() or policy_parse() has allocated. */
void policy_file_free(struct policy *policy);
