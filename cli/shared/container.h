/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within the command: is this a container or a sandbox of a host whose service can be reached?
 * Then policy, accounts and bridges that decide are the host's, and cannot be seen from here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONTAINER_COMMAND 480 /* bytes: as much as a hint has */

/* What check and doctor say there. */
#define CONTAINER_REASON                                                                           \
    "the answer is on the host, whose policy decides: it cannot be seen in this container or "     \
    "sandbox"

/*
 * Does the service's socket take connections, and is it another host's: it listens in another
 * network namespace, or the folder of the policy is not here?  Connects, and asks nothing.
 */
bool container_is(void);

/*
 * The command that has the answer on the host: for the caller, or for USER if it is not NULL; about
 * the interfaces SPEC[COUNT], or all that the user may have.  Returns TEXT, "" if it has no room.
 */
const char *container_command(const char *user,
                              char *const spec[],
                              size_t count,
                              char text[CONTAINER_COMMAND]);
