/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside helper/service: the process that forks the children. */
#pragma once

#include <sys/types.h>

#include "wire/wire.h"

#define TEMPLATE_WORD "--template" /* how the program is executed as one, with its channel as 0 */

/*
 * Executes this program anew, from the open file SELF, as a template.  Its addresses and its stack
 * canary are its own.  *CHANNEL is the parent's end.  Its process id, or -errno.
 */
CHECKED pid_t template_start(int self, int *channel);

/* What an executed template does, until the parent goes. */
_Noreturn void template_run(void);
