// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/shared/sudo.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *sudo_user(void) {
    const char *id = getenv("SUDO_UID");
    const struct passwd *user;

    if (getuid() || !id || !*id || id[strspn(id, "0123456789")] || !strtoul(id, NULL, 10)) {
        return NULL;
    }
    user = getpwuid((uid_t)strtoul(id, NULL, 10));
    return user ? user->pw_name : id;
}
