/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within the command: the interfaces on the command lines of run, create and check. */
#pragma once

#include "cli/command.h"
#include "conf/interface/interface.h"

#define INTERFACES_MAX 64

struct option_row;

struct interfaces {
    struct interface wanted[INTERFACES_MAX];
    char *spec[INTERFACES_MAX];  /* for the library, which runs no scripts: without them */
    char *where[INTERFACES_MAX]; /* "--net SPEC" as written, or FILE:LINE */
    size_t count;
    bool json; /* of the verb: how it says what is wrong */
};

/*
 * Reads --net SPEC or -f FILE, and the verb's OWN options, up to the first word that is no option.
 * OWN ends with a row that has no name.  optind is then the index of this word.  HELP is the usage
 * without the lines of the options.  Returns 0; OUTPUT_DONE after --help or --version; or the exit
 * status after the fault was said.  In any case *INTERFACES is for interfaces_free().
 */
CHECKED int interfaces_parse(struct interfaces *interfaces,
                             int argc,
                             char *argv[],
                             const struct option_row *own,
                             const char *help);

/* The same, but there may be no interface. */
CHECKED int interfaces_parse_any(struct interfaces *interfaces,
                                 int argc,
                                 char *argv[],
                                 const struct option_row *own,
                                 const char *help);

/*
 * Gives the Nth interface a key that the user did not give, also in what the library gets.  Returns
 * 0, or the exit status after the fault was said.
 */
CHECKED int interfaces_set(struct interfaces *interfaces,
                           size_t n,
                           const char *key,
                           const char *value);

/* Says what is wrong with the Nth interface, and where it is written.  Returns the exit status. */
__attribute__((format(printf, 3, 4))) int interfaces_refuse(const struct interfaces *interfaces,
                                                            size_t n,
                                                            const char *reason,
                                                            ...);

void interfaces_free(struct interfaces *interfaces);
