/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside helper/service: ids by name, from root's own files, as the policy's are. */
#pragma once

#include <sys/types.h>

#include "wire/wire.h"

/* Of /etc/passwd.  -ENOENT: it has no such entry; or -errno as of file_read_trusted(). */
CHECKED int account_read(const char *name, uid_t *uid, gid_t *gid);

/* Of /etc/group. */
CHECKED int account_read_group(const char *name, gid_t *gid);
