/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within the import of qemu-bridge-helper's access list: its text, read as qemu-bridge-helper reads
 * it.
 */
#pragma once

#include "cli/import/bridge-conf/readers.h"

#define ACL_FILES 64
#define ACL_LINES 4096
#define ACL_NAME 16 /* IFNAMSIZ */

struct acl_line {
    bool is_allow;         /* or else a deny */
    bool is_all;           /* of every bridge */
    char bridge[ACL_NAME]; /* as written, "all" too */
    unsigned file;
    unsigned number; /* of the line */
};

struct acl_file {
    char *path;
    struct readers readers; /* who may read it and every file on the way of includes to it */
};

/* Told of what is not carried.  TEXT may have any byte. */
typedef void acl_note_fn(void *context, const char *path, unsigned number, const char *text);

struct acl {
    struct acl_file files[ACL_FILES];
    struct acl_line lines[ACL_LINES];
    unsigned file_count;
    unsigned line_count;
    acl_note_fn *note;
    void *context;
    unsigned fault_line; /* of -EINVAL */
    char fault[320];
};

/*
 * Reads PATH and what it includes.  acl_free() frees what the list holds in any case.
 *
 * -EINVAL: PATH itself has a fault, for which qemu-bridge-helper denies everything; -EMLINK: files
 * include each other, or more than 8 deep; -EMFILE, -EFBIG: over ACL_FILES, ACL_LINES; -ENOMEM; or
 * what open(2) says of PATH.  Of an included file, it is noted that it cannot be read, or where its
 * first fault is.
 */
__attribute__((warn_unused_result)) int acl_read(struct acl *acl, const char *path);

void acl_free(struct acl *acl);
