/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside helper/service: the policy as it was read, and whether its files are still those. */
#pragma once

#include <sys/stat.h>
#include <time.h>

#include "conf/policy/policy.h"

#define FRESH_FILES 6 /* two folders and four files */

/* What tells a state of a file from another one.  Zeros and an errno: there is no such file. */
struct fresh_stamp {
    int error;
    dev_t device;
    ino_t inode;
    mode_t mode;
    uid_t owner;
    off_t size;
    struct timespec written; /* mtime, which its owner can set */
    struct timespec changed; /* ctime, which the kernel alone sets */
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
