/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within the command: an interface that was opened in vain. */
#pragma once

#include "lib/tapgrant.h"

/*
 * Closes DEVICE, which may be NULL, and deletes it if it was made by this opening and would stay.
 * Says what fails.
 */
void undo_open(struct tapgrant_device *device);
