// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/managed/namespace.h"

#include <sys/stat.h>

#define FIRST_USER_NAMESPACE 0xEFFFFFFDu /* PROC_USER_INIT_INO, include/linux/proc_ns.h */

bool namespace_is_of_a_user(void) {
    struct stat namespace;

    return !stat("/proc/self/ns/user", &namespace) && namespace.st_ino != FIRST_USER_NAMESPACE;
}
