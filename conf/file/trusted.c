// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A file that only root can write, in a folder that only root can write, read whole.
 * Hostile here: everybody who can write there.  All conditions are checked on what was opened,
 * never on a name: a name can mean another file a moment later.
 * Privilege held in the helper: root, before the drop.
 */
#include "conf/file/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int check_root_only(int file, mode_t kind, size_t *size) {
    struct stat stat;

    if (fstat(file, &stat)) {
        return -errno;
    }
    if ((stat.st_mode & S_IFMT) != kind) {
        return -EINVAL;
    }
    if (stat.st_uid != 0 || stat.st_mode & (S_IWGRP | S_IWOTH)) {
        return -EPERM;
    }
    *size = (size_t)stat.st_size;
    return 0;
}

/* Into TEXT, which has room for SIZE bytes and one more. */
static int read_exactly(int file, char *text, size_t size) {
    /* one byte more than it should have: a file that grows meanwhile must not be read in part */
    ssize_t length = read(file, text, size + 1);

    if (length < 0) {
        return -errno;
    }
    if ((size_t)length != size) {
        return -EIO;
    }
    text[size] = 0;
    return 0;
}

static int read_whole(int file, size_t limit, char **text, size_t *size) {
    char *bytes;
    int error = check_root_only(file, S_IFREG, size);

    if (error) {
        return error;
    }
    if (*size > limit) {
        return -EFBIG;
    }
    bytes = malloc(*size + 1);
    if (!bytes) {
        return -ENOMEM;
    }
    error = read_exactly(file, bytes, *size);
    if (error) {
        free(bytes);
        return error;
    }
    *text = bytes;
    return 0;
}

static int read_in_folder(int folder, const char *name, size_t limit, char **text, size_t *size) {
    int file;
    int error = check_root_only(folder, S_IFDIR, size);

    if (error) {
        return error;
    }
    /* O_NONBLOCK: open(2) of a FIFO waits for a writer.  O_NOFOLLOW: a link leads elsewhere. */
    file = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (file < 0) {
        return -errno;
    }
    error = read_whole(file, limit, text, size);
    close(file);
    return error;
}

int file_read_trusted(const char *path, const char *name, size_t limit, char **text, size_t *size) {
    int folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int error;

    *text = NULL;
    if (folder < 0) {
        return -errno;
    }
    error = read_in_folder(folder, name, limit, text, size);
    close(folder);
    return error;
}
