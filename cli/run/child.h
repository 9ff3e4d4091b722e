/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within run: COMMAND, in this process's place or as its child. */
#pragma once

#include "cli/command.h"
#include "wire/wire.h"

#include <signal.h>

/*
 * Executes WORDS in this process's place.  Returns only if that fails: the exit status 125, 126 or
 * 127, after the fault was said.
 */
int exec_command(char *words[]);

/* A command that is our child. */
struct child {
    sigset_t mask; /* of the signals that are blocked in the command */
    pid_t pid;
    int code; /* the exit status if the command did not begin; 0: it runs */
};

/*
 * From here on TERM, INT and HUP wait until the command runs: what is done before is not left half
 * done.
 */
void child_prepare(struct child *child);

/*
 * Starts WORDS, after child_prepare().  False: the command does not run, which was said, and
 * child->code is the exit status.
 */
CHECKED bool child_start(struct child *child, char *words[]);

/*
 * Waits for the command, and passes TERM, INT and HUP on to it.  Returns its exit status; if a
 * signal ended it, 128 and the signal's number.
 */
int child_wait(const struct child *child);
