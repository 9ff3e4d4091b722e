// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/managed/namespace.h"

#include <string.h>
#include <unistd.h>

/* PROC_USER_INIT_INO, include/linux/proc_ns.h, as the kernel writes it: fs/nsfs.c, ns_get_name() */
#define FIRST_USER_NAMESPACE "user:[4026531837]"

/* The text of the link, and not stat(2): SELinux lets no login user look at what it leads to. */
bool namespace_is_of_a_user(void) {
    char name[64] = "";
    ssize_t length = readlink("/proc/self/ns/user", name, sizeof(name) - 1);

    return length >= 0 && strcmp(name, FIRST_USER_NAMESPACE);
}
