/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within list: the taps, and the ways to show them. */
#pragma once

#include "cli/list/changes.h"

#include <jansson.h>

struct list {
    bool tree;
    bool all;
    bool json;
    struct tapgrant_device **devices;
    size_t count;
    struct declared declared;
};

/* For the tree: by bridge, those without one last, and by index. */
void list_sort(struct list *list);

/* Of a sorted list: does the Nth device begin another bridge than the one before? */
bool list_begins_bridge(const struct list *list, size_t n);

void list_print(const struct list *list);

/* NULL: out of memory. */
json_t *list_json(const struct list *list);
