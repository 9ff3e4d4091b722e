/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within tapgrant-apply: who holds taps, as far as /proc shows it. It shows root without
 * CAP_SYS_PTRACE only root's own processes, and so it is under the unit.
 */
#pragma once

#include "wire/wire.h"

#include <sys/types.h>

#define HOLDER_PROGRAM 64

struct holder {
    char dev[WIRE_NAME];
    pid_t pid;
    uid_t uid;
    char program[HOLDER_PROGRAM]; /* its file's name, printable; "": not known */
};

struct holders {
    struct holder *holder;
    size_t count, room;
};

/*
 * All holders of taps of this network namespace. What cannot be read is not there. For
 * holders_free().
 */
void holders_read(struct holders *holders);
void holders_free(struct holders *holders);

/* Those of DEV, at most COUNT of them.  How many there are. */
size_t holders_of(const struct holders *holders, const char *dev, struct holder found[],
                  size_t count);
