/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within the command: an interface that was opened for nothing. */
#pragma once

#include "lib/tapgrant.h"

/*
 * Closes DEVICE, which may be NULL.  If it was made by being opened, and would stay, it is deleted.
 * Says what fails.
 */
void discard_device(struct tapgrant_device *device);
