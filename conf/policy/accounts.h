/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside conf/policy: entries of passwd(5) and group(5), "name:password:id:...", as texts. */
#pragma once

#include "conf/policy/policy.h"

/*
 * Reads TEXT[LENGTH]: decimal digits without a sign or a leading zero.  -EINVAL: it is not, or it
 * is no id: (uid_t)-1 means "no change" to the kernel, and everything above has no room.
 */
CHECKED int account_read_number(const char *text, size_t length, uint32_t *number);

/*
 * The id of the first entry of that name with a plain number as its id, as for getpwnam(3).
 * ENTRIES NULL: there is none.
 */
bool account_find_id(const char *entries, const char *name, uint32_t *id);

/*
 * The name of the first entry of that id, as for getpwuid(3).  "": there is none, or it has other
 * bytes than those of POLICY_NAME and dots.
 */
void account_find_name(const char *entries, uint32_t id, char name[POLICY_WORD]);
