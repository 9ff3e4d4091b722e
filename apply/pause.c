// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The pause of a tap, and how long it lasts.
 */
#include "apply/pause.h"
#include "apply/links/tap.h"

#include <errno.h>
#include <time.h>

#define TRIES 3 /* to end it: a tap that stays paused is worse than any other failure */

static unsigned long microseconds(void) {
    struct timespec now = {0};

    (void)!clock_gettime(CLOCK_MONOTONIC, &now);
    return (unsigned long)now.tv_sec * 1000000 + (unsigned long)now.tv_nsec / 1000;
}

int pause_end(struct resource *resource) {
    const struct link_change change = {.run_state = RUN_UP};
    int error = -EAGAIN;

    for (int tries = 0; error && tries < TRIES; tries++) {
        error = links_change(resource->plan.link.index, &change);
    }
    if (resource->paused_at) {
        resource->paused_microseconds += microseconds() - resource->paused_at;
    }
    resource->paused_at = 0;
    if (error) {
        resource->left = LEFT_PAUSED;
    }
    return error;
}

int pause_begin(struct resource *resource) {
    const struct link_change change = {.run_state = RUN_PAUSED};
    struct link_state tap;
    int error = links_change(resource->plan.link.index, &change);

    if (error) {
        return error;
    }
    resource->paused_at = microseconds();
    error = links_read_one(resource->plan.link.index, &tap);
    if (!error && tap_is_running(&tap)) {
        error = -ESTALE;
    }
    if (error) {
        (void)!pause_end(resource);
    }
    return error;
}
