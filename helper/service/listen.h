/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside helper/service: the socket that callers connect to.  *REASON says what was wrong. */
#pragma once

#include "wire/wire.h"

/* The one that the service manager opened: LISTEN_PID, LISTEN_FDS, descriptor 3.  Or -errno. */
CHECKED int listen_inherited(const char **reason);

/*
 * As root: makes the folder of PATH if it is not there, and the socket, for everybody or for GROUP
 * ("": everybody).  The descriptor, or -errno.
 */
CHECKED int listen_at(const char *path, const char *group, const char **reason);
