/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within the library: a descriptor that is closed when its variable goes out of scope. */
#pragma once

#include <unistd.h>

static inline void close_descriptor(const int *descriptor) {
    if (*descriptor >= 0) {
        close(*descriptor);
    }
}

#define CLOSES __attribute__((cleanup(close_descriptor)))
