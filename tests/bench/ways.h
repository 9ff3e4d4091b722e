/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ways of getting a tap that are compared, each a name and words:
 *
 *   floor BRIDGE COUNT          in this process, as root: what the kernel takes, and nothing is checked
 *   secure BRIDGE               in this process, as root: the helper's own code for device, quota and link, without its start
 *   create DEV                 as root: a new tap, opened by its system calls alone
 *   open DEV                    as USER: a tap that exists, opened by its system calls alone
 *   unmanaged DEV               as USER: the same by tapgrant_open()
 *   library SPEC...             as USER: tapgrant_open_set()
 *   helper PROGRAM WORD...      as USER: a program that answers one descriptor on the socket {fd}
 *   run PROGRAM WORD...         as USER: up to the time that it, or what it becomes, writes to its standard output (now.c)
 *   tool LINK PROGRAM WORD...   as root: up to the end of the programs, of which "+" separates two; LINK is then deleted
 *   program PROGRAM WORD...     as USER: up to its end; nothing is undone
 *
 * Functions return 0, or not 0: it failed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct span {
    int64_t begin, first, end; /* ns of CLOCK_MONOTONIC; first: the descriptor is here */
};

struct way {
    unsigned kind;
    char **words;
    int count; /* of words */
};

extern bool ways_keep; /* do not close what was opened */

int64_t ways_now(void);

/* First, as root. */
int ways_connect(void);

/* Reads WORDS, NULL behind the last, each way up to ";"; at most MOST.  How many, or -1. */
int ways_read(char *words[], struct way ways[], int most);

/* Must it be measured as root? */
bool ways_as_root(const struct way *way);

int ways_measure(const struct way *way, struct span *span);

/* Become USER, for good. */
int ways_become(const char *user);
