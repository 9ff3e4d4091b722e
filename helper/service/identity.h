/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside helper/service: who is at the other end of a connection, as the kernel recorded it. */
#pragma once

#include "conf/policy/policy.h"

/*
 * The effective uid and gid of the process that connected, when it did, and its supplementary
 * groups.  The groups last as long as this process.  -errno of getsockopt(2).
 */
CHECKED int identity_read(int connection, struct caller *caller);

/* The uid alone. */
CHECKED int identity_read_uid(int connection, uint32_t *uid);

/*
 * The network namespace that SOCKET was made in; of an accepted one, that the peer's was made in.
 * 0: the kernel cannot tell (before 5.14).
 */
uint64_t identity_namespace(int socket);
