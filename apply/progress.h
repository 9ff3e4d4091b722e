/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within tapgrant-apply: on a terminal, how much of long work is done. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* Zeros before the first call. */
struct progress {
    bool is_begun;
    bool is_terminal;
    bool is_shown;
    struct timespec begin;
    struct timespec last; /* when it was shown */
};

/* COUNT of TOTAL are done.  When all are, the line disappears. */
void progress_show(struct progress *progress, size_t count, size_t total);
