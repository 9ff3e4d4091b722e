/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside helper/service: what the parent waits for by epoll(7), each with an index. */
#pragma once

#include "wire/wire.h"

enum event_kind {
    EVENT_LISTENER,
    EVENT_SIGNAL,
    EVENT_TEMPLATE,
    EVENT_CHILD,
    EVENT_CONNECTION
};

/* -errno of epoll_ctl(2). */
CHECKED int events_add(int events, int descriptor, enum event_kind kind, unsigned index);
void events_remove(int events, int descriptor);
