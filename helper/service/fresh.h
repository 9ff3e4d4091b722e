/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside helper/service: the policy as it was read, and whether its files are still those. */
#pragma once

#include "conf/policy/policy.h"

#define FRESH_FILES 6 /* two folders and four files */

/*
 * What tells a state of a file from another one.  Zeros and an errno: there is no such file.  All
 * members have one size, so that stamps can be compared as bytes.
 */
struct fresh_stamp {
    uint64_t error;
    uint64_t device;
    uint64_t inode;
    uint64_t mode;
    uint64_t owner;
    uint64_t size;
    int64_t written; /* mtime in seconds, which the file's owner can set */
    int64_t written_nanoseconds;
    int64_t changed; /* ctime, which the kernel alone sets */
    int64_t changed_nanoseconds;
};

struct fresh_policy {
    struct policy policy;
    struct policy_accounts accounts;
    int error;       /* 0; or -errno: the policy is void, and everybody is denied */
    uint32_t serial; /* differs where the files differ */
    bool is_settled; /* all files were older than two seconds when they were read */
    struct fresh_stamp stamps[FRESH_FILES];
};

/*
 * Should: hold what the files say now; read them again if anything differs from when they were
 * read, or if they were young then.
 * Mustn't: be called with a request in memory: it allocates.  FRESH is zeros at first.
 */
void fresh_update(struct fresh_policy *fresh);
