/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within the command: the installed policy, read and parsed as the helper does it. */
#pragma once

#include "conf/policy/policy.h"

#define POLICY_FILE "policy.conf"
#define POLICY_PATH POLICY_FOLDER "/" POLICY_FILE

/*
 * Reads the policy.  0: *IS_VALID tells whether it is; each fault was told to FAULT, which may be
 * NULL.  The errors are those of file_read_trusted() and -ENOMEM: then there are no rules.  In any
 * case *POLICY is for policy_file_free().
 */
CHECKED int policy_file_load(struct policy *policy,
                             bool *is_valid,
                             policy_fault_fn *fault,
                             void *context);

/* Frees what policy_file_load() or policy_parse() has allocated. */
void policy_file_free(struct policy *policy);
