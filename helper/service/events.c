// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Descriptors are waited for as long as they are readable, and each says what it is.
 * Privilege held: the parent's; nothing of it is used.
 */
#include "helper/service/events.h"

#include <errno.h>
#include <sys/epoll.h>

int events_add(int events, int descriptor, enum event_kind kind, unsigned index) {
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)kind << 32 | index};

    return epoll_ctl(events, EPOLL_CTL_ADD, descriptor, &event) ? -errno : 0;
}

void events_remove(int events, int descriptor) {
    struct epoll_event none = {0};

    epoll_ctl(events, EPOLL_CTL_DEL, descriptor, &none);
}
