// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who holds a tap.  /proc shows the holders whose descriptors the user may see.  The kernel tells
 * of the others: a multi-queue tap has a number of queues in use, and another tap has a carrier
 * while it is held.
 */
#include "cli/doctor/checks.h"

#include <stdio.h>

static bool has_carrier(const char *name) {
    char path[80];
    int byte;
    FILE *file;

    snprintf(path, sizeof(path), "/sys/class/net/%s/carrier", name);
    file = fopen(path, "re");
    if (!file) {
        return false;
    }
    byte = fgetc(file); /* EOF: the link is down, and the kernel does not say */
    fclose(file);
    return byte == '1';
}

pid_t holder_find(const struct tapgrant_device *device) {
    bool is_held;
    pid_t holder;

    if (tapgrant_holders(device, &holder, 1)) {
        return holder;
    }
    if (tapgrant_multi_queue(device)) {
        is_held = tapgrant_queues(device);
    } else {
        is_held = has_carrier(tapgrant_name(device));
    }
    return is_held ? HOLDER_UNSEEN : HOLDER_NONE;
}
