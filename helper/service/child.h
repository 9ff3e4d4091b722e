/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside helper/service: the process that serves one request. */
#pragma once

#include "helper/service/fresh.h"

/*
 * Gets warm, waits on CHANNEL for a connection, serves it, and ends.  FRESH is what the template
 * has read.  If the parent goes before it sends one, it ends too.
 */
_Noreturn void child_run(int channel, struct fresh_policy *fresh);
