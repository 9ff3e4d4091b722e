/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The lines of a configuration file, tapgrant-policy(5) and tapgrant-interfaces(5):
 *
 *     ; a comment
 *     [KIND NAME]
 *     key = value
 *
 * inih splits the lines.  It also cuts long lines and section names, joins indented lines, ends at
 * a NUL, ignores text behind ']', takes ':' for '=' and ';' for a comment, skips a byte order
 * mark, and merges sections that are repeated.  So each line is checked before inih sees it, and
 * inih never gets a line that can be read in two ways.  Comments may have UTF-8; inih gets none.
 *
 * Nothing here allocates, looks up a name or uses stdio: the setuid helper can read its policy
 * with it.
 */
#pragma once

#include "wire/wire.h"

#define INI_LINE 190 /* bytes in a line, its newline not counted; inih would cut one of 200 */

/*
 * What is told of a file, line by line and in its order.  LINE counts from 1.  All texts last only
 * for the call.  Sections that are repeated, unknown keys and bad values are the handler's to
 * refuse.
 */
struct ini_handler {
    const char *kind; /* of all sections: "rule" */
    void *context;    /* of the functions */

    /*
     * A section begins.  NAME has any printable bytes or none; the result is what is wrong with it,
     * or NULL.  NAME NULL: the line can be meant as a section, and is no [KIND NAME]; the result is
     * what to say of that, if nothing else is wrong with the line.  The keys that follow are of no
     * section, and must not be taken for the one before.
     */
    const char *(*section)(void *context, unsigned line, const char *name);

    /* A key of a-z and - and its value without blanks around it, which can be "". */
    void (*key)(void *context, unsigned line, const char *key, const char *value);

    /* What is wrong with a line, or what section() said.  The line has no other effect. */
    void (*fault)(void *context, unsigned line, const char *reason);
};

/*
 * Reads TEXT[SIZE], which need not end in a NUL.  -EINVAL: at least one fault, each told to
 * handler->fault(); all other lines are read all the same.
 */
CHECKED int ini_read(const char *text, size_t size, const struct ini_handler *handler);
