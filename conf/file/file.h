/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file read whole.  TEXT is the caller's, for free(3), and NULL after an error. */
#pragma once

#include "wire/wire.h"

/*
 * Reads the regular file NAME in the folder PATH into *TEXT, if only root can write both.  The byte
 * behind the SIZE bytes is a NUL.  -EPERM: root does not own the file or the folder, or others can
 * write it; -EINVAL: no regular file; -ELOOP: a symbolic link; -EFBIG: more than LIMIT bytes;
 * -EIO: its length changed while it was read; -ENOMEM; or what open(2) and read(2) say.
 */
CHECKED int file_read_trusted(const char *path,
                              const char *name,
                              size_t limit,
                              char **text,
                              size_t *size);

/*
 * Reads the file PATH, whoever can write it, into *TEXT, with a NUL behind the SIZE bytes.
 * -EFBIG: more than LIMIT bytes; -ENOMEM; or what open(2) and read(2) say.
 */
CHECKED int file_read_plain(const char *path, size_t limit, char **text, size_t *size);

/* The same of standard input, up to its end. */
CHECKED int file_read_input(size_t limit, char **text, size_t *size);

/* The negative errno of file_read_trusted() in words that follow "cannot be read: ". */
const char *file_reason(int error);
