// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A file that the user names: it is the user's word, whoever can write it.  What is read may be no
 * regular file and have no size, so it is read up to its end.
 * Privilege held: none.
 */
#include "conf/file/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* Into TEXT up to its end, or until it has SIZE bytes.  How many, or -errno. */
static ssize_t read_up_to(int file, char *text, size_t size) {
    size_t used = 0;
    ssize_t length;

    while (used < size) {
        length = read(file, text + used, size - used);
        if (length < 0 && errno == EINTR) {
            continue;
        }
        if (length < 0) {
            return -errno;
        }
        if (!length) {
            break;
        }
        used += (size_t)length;
    }
    return (ssize_t)used;
}

static int read_to_end(int file, size_t limit, char **text, size_t *size) {
    char *bytes = malloc(limit + 1);
    ssize_t length;

    *text = NULL;
    if (!bytes) {
        return -ENOMEM;
    }
    length = read_up_to(file, bytes, limit + 1);
    if (length >= 0 && (size_t)length > limit) {
        length = -EFBIG;
    }
    if (length < 0) {
        free(bytes);
        return (int)length;
    }
    bytes[length] = 0;
    *text = bytes;
    *size = (size_t)length;
    return 0;
}

int file_read_plain(const char *path, size_t limit, char **text, size_t *size) {
    int file = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
    int error;

    *text = NULL;
    if (file < 0) {
        return -errno;
    }
    error = read_to_end(file, limit, text, size);
    close(file);
    return error;
}

int file_read_input(size_t limit, char **text, size_t *size) {
    return read_to_end(STDIN_FILENO, limit, text, size);
}
