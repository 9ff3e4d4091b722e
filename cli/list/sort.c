// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The order of the tree, which its text and its JSON share.
 */
#include "cli/list/list.h"

#include <stdlib.h>
#include <string.h>

static int compare_bridges(const char *a, const char *b) {
    if (a && b) {
        return strcmp(a, b);
    }
    return !a - !b;
}

static int by_bridge(const void *a, const void *b) {
    const struct tapgrant_device *const *left = a;
    const struct tapgrant_device *const *right = b;
    unsigned left_index = tapgrant_ifindex(*left);
    unsigned right_index = tapgrant_ifindex(*right);
    int order = compare_bridges(tapgrant_bridge(*left), tapgrant_bridge(*right));

    if (order) {
        return order;
    }
    return (left_index > right_index) - (left_index < right_index);
}

void list_sort(struct list *list) {
    if (list->count) {
        qsort(list->devices, list->count, sizeof(list->devices[0]), by_bridge);
    }
}

bool list_begins_bridge(const struct list *list, size_t n) {
    if (!n) {
        return true;
    }
    return compare_bridges(tapgrant_bridge(list->devices[n - 1]),
                           tapgrant_bridge(list->devices[n]));
}
