/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within the command: the files of accounts, and the users whom subordinate ids belong to. */
#pragma once

#include "conf/policy/policy.h"

#include <sys/types.h>

#define ACCOUNTS_OWNER 64 /* bytes of the owner of a line of /etc/subuid, as it is shown */

void accounts_free(struct policy_accounts *accounts);

/* Why the helper does not take a file of accounts.  ERROR is policy_accounts_read()'s. */
const char *accounts_reason(int error);

/* The owner of the line: a name if its id has one.  TEXT is printable. */
const char *accounts_owner(const struct policy_subuid *line, char text[ACCOUNTS_OWNER]);

/*
 * Finds the first line of this host's /etc/subuid that has the id.  False: there is none, the file
 * cannot be read, or the helper does not take it.  The file is read once and kept for as long as
 * the command runs: list asks for every tap.
 */
bool accounts_subordinate(uint32_t uid, struct policy_subuid *line);

/* Returns in TEXT the user whom the subordinate id UID belongs to.  NULL: it is nobody's. */
const char *accounts_subordinate_of(uid_t uid, char text[ACCOUNTS_OWNER]);
