/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside helper/service: the parent. */
#pragma once

#include "wire/wire.h"

/*
 * Serves who connects to LISTENER, until SIGTERM or SIGINT, or until nobody has connected for IDLE
 * seconds (0: without end).  SELF is the program's file.  0, or -errno if it could not begin.
 */
CHECKED int server_run(int listener, int self, unsigned idle);
