/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside helper/privilege: what the setuid helper and the service have in common. */
#pragma once

#include <linux/capability.h>
#include <sys/types.h>

#include "wire/wire.h"

#define PRIVILEGE_SETS 2 /* struct __user_cap_data_struct has 32 capabilities */

/* The ids of a process, as setresuid(2) and setresgid(2) have them. */
struct privilege_ids {
    uid_t real;
    uid_t effective;
    uid_t saved;
    gid_t gid[3]; /* all three are the same */
};

_Static_assert(sizeof(struct privilege_ids) == 6 * sizeof(uid_t), "no padding: compared as bytes");

/* capset(2) of the calling process: 0 or -1. */
CHECKED long privilege_set(const struct __user_cap_data_struct sets[PRIVILEGE_SETS]);

bool privilege_has_ids(const struct privilege_ids *ids);

/* Exactly these capabilities: masks of the first 32. */
bool privilege_has(uint32_t effective, uint32_t permitted, uint32_t inheritable);

bool privilege_is_ambient_set_empty(void);

/* Tries to have back what was given up: if anything works, it was not. */
bool privilege_can_regain(const struct privilege_ids *ids);

/*
 * Neither a debugger nor a core file may show the process, nor a program that it executes gain.
 * WIRE_UNPRIVILEGED: the kernel says that it is not so.
 */
CHECKED int privilege_seal(void);
