/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within run: COMMAND, in this process's place or beneath it. */
#pragma once

#include "cli/command.h"

#include <signal.h>

/* Becomes WORDS.  Returns only when that cannot be: 125, 126 or 127, after it was said. */
int child_become(char *words[]);

/* A command beneath us. */
struct child {
    sigset_t mask; /* the command's */
    pid_t pid;
    int code; /* where it did not begin: the exit status */
};

/* From here on TERM, INT and HUP wait for the command: what is done before it is not left half done. */
void child_prepare(struct child *child);

/* Starts WORDS, after child_prepare().  False: it does not run, as was said, and child->code is the exit status. */
bool child_start(struct child *child, char *words[]);

/* Its exit status, 128 and the signal's number where one ended it.  Meanwhile TERM, INT and HUP are passed on to it. */
int child_wait(const struct child *child);
