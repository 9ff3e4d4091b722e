/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within the import of qemu-bridge-helper's access list: who may read a file.  By that the list
 * says whom it is for.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define READERS_USERS 40
#define READERS_NAMES 200

struct readers {
    enum {
        READERS_ALL,
        READERS_SOME,
        READERS_UNKNOWN
    } kind;
    uid_t uid;      /* READERS_SOME: this user */
    bool has_group; /* and the members of gid */
    gid_t gid;
    char why[320]; /* READERS_UNKNOWN: why users and groups cannot say it */
};

/* Those of the file PATH and of the folders on the way to it.  FD is open on it. */
struct readers readers_of(int fd, const char *path);

/* Those who are in both. */
struct readers readers_of_both(const struct readers *a, const struct readers *b);

/* "*", or "0 %108": the value of a policy's user. */
const char *readers_users(const struct readers *readers, char text[READERS_USERS]);

/* The same for people, with names. */
const char *readers_names(const struct readers *readers, char text[READERS_NAMES]);
