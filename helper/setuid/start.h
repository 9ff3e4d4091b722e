/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stage start of the setuid helper. */
#pragma once

#include "wire/wire.h"

/*
 * Should: leave no descriptor but the request's open (1 and 2 become /dev/null), no environment, no
 * signal blocked, ignored or handled, no timer but our own deadline; and see that this process is
 * effectively root, in the first user namespace.
 * Mustn't: look at argv, or read a byte that the caller wrote.
 *
 * -ENOTSOCK: descriptor 0 is not a SOCK_SEQPACKET unix socket, so there is nobody to answer.
 * -ENOMEM: the caller's limit of the stack is below WIRE_STACK.  WIRE_UNPRIVILEGED.  Or the errno
 * of the call that failed.
 */
CHECKED int start_clean(void);
