/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within tapgrant-apply: the bridges that definitions name.  The kernel is asked once for each,
 * because a thousand definitions have few bridges.
 */
#pragma once

#include "helper/link/link.h"

struct known_bridge {
    char name[WIRE_NAME];
    int error;        /* the negative errno with which it could not be read, or 0 */
    struct link link; /* if there was no error */
};

struct bridges {
    struct known_bridge *bridge;
    size_t count;
    size_t room;
};

/* Into *LINK.  -ENODEV: there is no link called NAME; -EINVAL: it is no bridge; -ENOMEM. */
CHECKED int bridges_find(struct bridges *bridges, const char *name, struct link *link);

/* Forgets what is known. */
void bridges_free(struct bridges *bridges);
