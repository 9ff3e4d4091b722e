/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The options of a program or verb as one table: what reads the command line, and what prints the
 * usage.
 *
 * The grammar is that of getopt_long(3), without its abbreviations: a script that used one would
 * break, or mean something else, when an option is added.  The environment (POSIXLY_CORRECT)
 * changes nothing.  Every table also has --help and --version.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define OPTIONS_ROWS 8
#define OPTIONS_VALUES 64 /* of one option that may be given several times */
#define OPTIONS_FAULT 640

struct option_values {
    const char *value[OPTIONS_VALUES];
    size_t count;
};

/*
 * One option.  Exactly one of flag, once, last and all is set, and says where what was given is
 * stored.
 */
struct option_row {
    const char *name;          /* "json" for --json, "f" for -f */
    const char *argument;      /* what the usage calls its value; NULL, for a flag: it has none */
    const char *help;          /* one line */
    bool *flag;                /* becomes true */
    const char **once;         /* NULL before; a fault if the option is given twice */
    const char **last;         /* the last value counts */
    struct option_values *all; /* every value; a fault if there are more than OPTIONS_VALUES */
};

struct options {
    const char *usage;  /* the text above the options, each line with its newline */
    const char *end;    /* the text below them; NULL: none */
    bool stops_at_word; /* at the first word that is no option; what follows is another's */
    struct option_row row[OPTIONS_ROWS]; /* those in use have a name */
    /* What options_read() found: */
    char **word; /* the words that are no options, within argv, and a NULL behind them */
    int word_count;
    char fault[OPTIONS_FAULT]; /* of OPTIONS_WRONG; may have any byte of argv */
};

enum options_result {
    OPTIONS_READ,
    OPTIONS_HELP,
    OPTIONS_VERSION,
    OPTIONS_WRONG
};

/*
 * Reads the command line up to its end, to --help, to --version or to the first fault.  Values stay
 * where they are in ARGV.  Without stops_at_word, the words that are no options are moved to the
 * beginning of ARGV.
 */
__attribute__((warn_unused_result)) enum options_result options_read(struct options *options,
                                                                     int argc,
                                                                     char *argv[]);

/* Prints the usage: the text, a line for each option, the end. */
void options_print(const struct options *options, FILE *out);
