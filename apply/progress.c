// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A line on standard error that is written over and over.
 */
#include "apply/progress.h"

#include <stdio.h>
#include <unistd.h>

#define BEGIN 0.5 /* seconds of work before anything is shown */
#define EVERY 0.1 /* seconds between two lines */

static double seconds_between(const struct timespec *from, const struct timespec *to) {
    return (double)(to->tv_sec - from->tv_sec) + 1e-9 * (double)(to->tv_nsec - from->tv_nsec);
}

static void begin(struct progress *progress) {
    progress->is_begun = true;
    progress->is_terminal = isatty(STDERR_FILENO) == 1;
    if (clock_gettime(CLOCK_MONOTONIC, &progress->begin)) {
        progress->is_terminal = false;
    }
}

void progress_show(struct progress *progress, size_t count, size_t total) {
    struct timespec now;

    if (!progress->is_begun) {
        begin(progress);
    }
    if (!progress->is_terminal || clock_gettime(CLOCK_MONOTONIC, &now)) {
        return;
    }
    if (count >= total) {
        if (progress->is_shown) {
            fprintf(stderr, "\r%30s\r", "");
        }
        return;
    }
    if (seconds_between(&progress->begin, &now) < BEGIN) {
        return;
    }
    if (progress->is_shown && seconds_between(&progress->last, &now) < EVERY) {
        return;
    }
    fprintf(stderr, "\r%zu of %zu", count, total);
    progress->is_shown = true;
    progress->last = now;
}
