/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within tapgrant-apply: between pause_begin() and pause_end() the holder of a running tap sends
 * and receives nothing, and notices nothing else.  Functions return 0 or a negative errno.
 */
#pragma once

#include "apply/resource.h"

/* After an error the tap runs on, unless resource->left says that it stays paused. */
CHECKED int pause_begin(struct resource *resource);

/* After an error the tap stays paused, and resource->left says so. */
CHECKED int pause_end(struct resource *resource);
