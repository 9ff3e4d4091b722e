/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within the command: the interfaces on the command lines of run, create and check. */
#pragma once

#include "cli/command.h"
#include "conf/interface/interface.h"

#define NETS_MAX 64

struct option_row;

struct nets {
    struct interface asked[NETS_MAX];
    char *spec[NETS_MAX];  /* for the library, which runs no scripts: without them */
    char *where[NETS_MAX]; /* "--net SPEC" as written, or FILE:LINE */
    size_t count;
    bool json; /* of the verb: how it says what is wrong */
};

/*
 * Reads --net SPEC or -f FILE, and the verb's OWN options, up to the first word that is no option.
 * OWN ends with a row that has no name.  optind is then the index of this word.  HELP is the usage
 * without the lines of the options.  Returns 0; OUTPUT_DONE after --help or --version; or the exit
 * status after the fault was said.  In any case *NETS is for nets_free().
 */
CHECKED int nets_parse(struct nets *nets,
                       int argc,
                       char *argv[],
                       const struct option_row *own,
                       const char *help);

/*
 * Gives the Nth interface a key that the user did not give, also in what the library gets.  Returns
 * 0, or the exit status after the fault was said.
 */
CHECKED int nets_set(struct nets *nets, size_t n, const char *key, const char *value);

/* Says what is wrong with the Nth interface, and where it is written.  Returns the exit status. */
__attribute__((format(printf, 3, 4))) int nets_refuse(const struct nets *nets,
                                                      size_t n,
                                                      const char *reason,
                                                      ...);

void nets_free(struct nets *nets);
