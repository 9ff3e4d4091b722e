/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within managed/: the helper's reply.  What can be checked about it is checked, so that the host
 * program uses no descriptor that it did not ask for.
 */
#pragma once

#include "lib/managed/managed.h"
#include "lib/managed/message.h"

/* Is it a reply to a request for COUNT interfaces? */
CHECKED int reply_check(const struct answer *answer, size_t count, struct tapgrant_error *failure);

/*
 * Moves the descriptors of a granted request into the devices of the set, and fills these in.  If
 * it fails, some may have moved: devices and answer are both to be closed.
 */
CHECKED int reply_take(struct answer *answer,
                       const struct managed_set *set,
                       struct tapgrant_error *failure);
