// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Why a file was not read, for a person.  Privilege held: none.
 */
#include "conf/file/file.h"

#include <errno.h>
#include <string.h>

const char *file_reason(int error) {
    switch (error) {
    case -EPERM:
        return "is not owned by root, or others can write it or its folder";
    case -EINVAL:
        return "it is no regular file";
    case -ELOOP:
        return "it is a symbolic link";
    default:
        return strerror(-error);
    }
}
