// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The bridges that were asked for.
 */
#include "apply/bridges.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct known_bridge *add(struct bridges *bridges) {
    struct known_bridge *added;
    size_t room = bridges->room * 2 + 8;

    if (bridges->count == bridges->room) {
        added = reallocarray(bridges->bridge, room, sizeof(*added));
        if (!added) {
            return NULL;
        }
        bridges->bridge = added;
        bridges->room = room;
    }
    added = &bridges->bridge[bridges->count];
    bridges->count++;
    return added;
}

static void ask_kernel(struct known_bridge *bridge, const char *name) {
    *bridge = (struct known_bridge){.error = 0};
    snprintf(bridge->name, sizeof(bridge->name), "%s", name);
    bridge->error = link_read(0, name, &bridge->link);
    if (!bridge->error && strcmp(bridge->link.kind, "bridge")) {
        bridge->error = -EINVAL;
    }
}

static struct known_bridge *find(struct bridges *bridges, const char *name) {
    struct known_bridge *added;

    for (size_t i = 0; i < bridges->count; i++) {
        if (!strcmp(bridges->bridge[i].name, name)) {
            return &bridges->bridge[i];
        }
    }
    added = add(bridges);
    if (added) {
        ask_kernel(added, name);
    }
    return added;
}

int bridges_find(struct bridges *bridges, const char *name, struct link *link) {
    const struct known_bridge *bridge = find(bridges, name);

    if (!bridge) {
        return -ENOMEM;
    }
    if (!bridge->error) {
        *link = bridge->link;
    }
    return bridge->error;
}

void bridges_free(struct bridges *bridges) {
    free(bridges->bridge);
    *bridges = (struct bridges){0};
}
