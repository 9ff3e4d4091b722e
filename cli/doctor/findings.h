/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within doctor: what it finds, one line each, or one JSON object each.
 *
 * CHECK is the word by which JSON names the check.  OBJECT is what the finding is about.  Texts may
 * have any byte; what is not printable is shown as \xHH.
 */
#pragma once

#include "cli/command.h"

struct findings {
    bool json;
    json_t *array; /* of {check, object, ok, text, hint}, if JSON */
    size_t bad;
};

/* All is well with OBJECT. */
__attribute__((format(printf, 4, 5))) void findings_good(struct findings *findings,
                                                         const char *check,
                                                         const char *object,
                                                         const char *text,
                                                         ...);

/* All is well, and OBJECT's user should know of this, and of HINT. */
__attribute__((format(printf, 5, 6))) void findings_warn(struct findings *findings,
                                                         const char *check,
                                                         const char *object,
                                                         const char *hint,
                                                         const char *text,
                                                         ...);

/* Something would fail.  HINT ends that: a command for root's shell, where there is one. */
__attribute__((format(printf, 5, 6))) void findings_bad(struct findings *findings,
                                                        const char *check,
                                                        const char *object,
                                                        const char *hint,
                                                        const char *text,
                                                        ...);

/* Prints the JSON, if any.  The exit status: 0 only if nothing was bad. */
int findings_end(struct findings *findings);
