/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within the library: how a function says what went wrong.
 *
 * FAILURE is the caller's struct tapgrant_error, and may be NULL.  A CODE is an enum tapgrant_code.
 * An ERROR is a negative errno.  Functions called explain_... find the words for an error, and
 * return the code that they have set.
 */
#pragma once

#include "conf/interface/interface.h"
#include "lib/tapgrant.h"

#include <stdbool.h>

#define ERROR_OBJECT (INTERFACE_DEV + 16) /* bytes of "interface NAME" */

/* Nothing went wrong yet. */
void error_clear(struct tapgrant_error *failure);

/* Sets the code, the object and the reason, and no hint.  Returns CODE. */
__attribute__((format(printf, 4, 5))) int error_set(struct tapgrant_error *failure,
                                                    int code,
                                                    const char *object,
                                                    const char *reason,
                                                    ...);

/* Adds a hint to what error_set() has set. */
__attribute__((format(printf, 2, 3))) void error_hint(struct tapgrant_error *failure,
                                                      const char *hint,
                                                      ...);

/* Adds a piece to the reason that error_set() has set, after "; ". */
__attribute__((format(printf, 2, 3))) void error_add_reason(struct tapgrant_error *failure,
                                                            const char *piece,
                                                            ...);

/* Sets the word for programs.  error_set() has set the one that the code has by itself. */
void error_reason_code(struct tapgrant_error *failure, const char *word);

/*
 * Adds a piece to TEXT of SIZE bytes, after "; " if it is not the first.  What does not fit is left
 * out.
 */
__attribute__((format(printf, 3, 4))) void error_add(char *text,
                                                     size_t size,
                                                     const char *format,
                                                     ...);

/* "interface NAME"; "bridge NAME" where it has no name; "interface" where it has neither. */
const char *error_object(const struct interface *interface, char object[ERROR_OBJECT]);

/* "interface NAME", of a name that may have any byte. */
const char *error_object_of(const char *dev, char object[ERROR_OBJECT]);

/*
 * Does the error of a system call say that this process or its host lacks descriptors or memory?
 * Then it says nothing about the device that the call was for.
 */
bool error_is_lack(int error);

/* CALL, as "socketpair(2)", failed. */
int explain_call(const char *call, int error, struct tapgrant_error *failure);

/* rtnetlink(7) did not answer what was asked about OBJECT. */
int explain_lookup(const char *object, int error, struct tapgrant_error *failure);

/* The link that was looked at is not there any more. */
int explain_vanished(const char *object, struct tapgrant_error *failure);

/*
 * Hints how root finds the holder of the tap NAME.  ERROR: this process could not look; 0: it may
 * not see the holder.
 */
void hint_unknown_holder(const char *name, int error, struct tapgrant_error *failure);

/* calloc(3) or the like returned NULL. */
int explain_no_memory(struct tapgrant_error *failure);
