/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within tapgrant-apply: the holders of taps, as far as /proc shows them.  To root without
 * CAP_SYS_PTRACE, as under tapgrant-apply.service, /proc shows only root's own processes.
 */
#pragma once

#include "wire/wire.h"

#include <sys/types.h>

#define HOLDER_PROGRAM 64

struct holder {
    char dev[WIRE_NAME];
    pid_t pid;
    uid_t uid;
    char program[HOLDER_PROGRAM]; /* the name of its file, printable; "": not known */
};

struct holders {
    struct holder *holder;
    size_t count;
    size_t room;
};

/*
 * All holders of taps of this network namespace, for holders_free().  A process that cannot be read
 * is left out.
 */
void holders_read(struct holders *holders);
void holders_free(struct holders *holders);

/* The holders of DEV, at most COUNT of them, into FOUND.  Returns how many there are. */
size_t holders_of(const struct holders *holders,
                  const char *dev,
                  struct holder found[],
                  size_t count);
