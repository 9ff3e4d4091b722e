/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within the command: an interface that was opened for nothing. */
#pragma once

#include "cli/command.h"

/* Closes it, unless it is NULL; what was made for the occasion goes, the persistent too.  What fails is said. */
void undo_open(struct tapgrant_device *device);
