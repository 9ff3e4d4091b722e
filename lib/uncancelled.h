/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within the library: no thread is cancelled inside a public function.
 *
 * The library holds descriptors, memory and processes while it works, and most of the system calls
 * that it makes are cancellation points (pthreads(7)).  A public function that does more than read
 * a field begins with UNCANCELLED.  A request to cancel the thread then waits until the function
 * returns, on whichever way, and the caller's state is put back.
 *
 * If the thread has the asynchronous type, a request that waited is acted upon while the state is
 * put back.  All results are stored by then.
 */
#pragma once

#include <pthread.h>

static inline int uncancelled_begin(void) {
    int state_before = PTHREAD_CANCEL_DISABLE;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state_before);
    return state_before;
}

static inline void uncancelled_end(const int *state_before) {
    pthread_setcancelstate(*state_before, NULL);
}

#define UNCANCELLED \
    __attribute__((cleanup(uncancelled_end))) const int uncancelled = uncancelled_begin()
