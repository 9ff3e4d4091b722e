/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within run: script and downscript of its interfaces, run as the caller with the device's name as their argument. */
#pragma once

#include "cli/interfaces.h"

/* Runs each interface's script.  0, or the exit status after it was said; *DONE interfaces were before the one that failed. */
int scripts_up(const struct nets *nets, char *const names[], size_t *done);

/* Has one of them a downscript? */
bool scripts_wait(const struct nets *nets);

/* Runs the downscripts of the first COUNT, the last first, also after one that fails, which is said.  0 or the exit status. */
int scripts_down(const struct nets *nets, char *const names[], size_t count);
