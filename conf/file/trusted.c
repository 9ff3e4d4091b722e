// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A file that only root can write, in a folder that only root can write, read whole.
 * Hostile here: whoever may write there.  Everything is asked of what was opened, never of a name.
 * Privilege held: root, before the drop.
 */
#include "conf/policy/policy.h"
#include "helper/system.h"

static int check(int file, mode_t kind, struct stat *stat) {
    if (fstat(file, stat)) return -errno;
    if ((stat->st_mode & S_IFMT) != kind) return -EINVAL;
    return stat->st_uid || stat->st_mode & (S_IWGRP | S_IWOTH) ? -EPERM : 0;
}

static int read_whole(int file, size_t limit, char **text, size_t *size) {
    struct stat stat;
    ssize_t length;
    int error = check(file, S_IFREG, &stat);

    if (error) return error;
    *size = (size_t)stat.st_size;
    if (*size > limit) return -EFBIG;
    *text = malloc(*size + 1);
    if (!*text) return -ENOMEM;
    /* one byte more than it should have: a file that grows meanwhile is as unreadable as one that shrinks */
    length = read(file, *text, *size + 1);
    error = length < 0 ? -errno : (size_t)length == *size ? 0 : -EIO;
    (*text)[error ? 0 : *size] = 0;
    if (error) free(*text), *text = NULL;
    return error;
}

int policy_file_read(const char *path, const char *name, size_t limit, char **text, size_t *size) {
    int folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC), file = -1, error = folder < 0 ? -errno : 0;
    struct stat stat;

    if (!error) error = check(folder, S_IFDIR, &stat);
    /* O_NONBLOCK: a FIFO must not hold us */
    if (!error) file = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (!error) error = file < 0 ? -errno : read_whole(file, limit, text, size);
    if (file >= 0) close(file);
    if (folder >= 0) close(folder);
    return error;
}
