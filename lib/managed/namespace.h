/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within managed/: where this process is. */
#pragma once

#include <stdbool.h>

/* Is it in another user namespace than the first?  False, too, if /proc does not say. */
bool namespace_is_of_a_user(void);
