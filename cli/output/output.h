/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within the command: how it speaks, one line on stderr and a hint.  JSON is in json.h, apart from
 * this: the bridge helper, which starts for each tap, does not load a library for it.
 */
#pragma once

#include "lib/tapgrant.h"

#include <stdarg.h>
#include <stdbool.h>

struct interface_fault;

/*
 * Opens the descriptors 0, 1 and 2 where they are closed.  Call it before anything else: a tap that
 * is opened as one of them would get what the command says as a frame.  False: they cannot be
 * opened.
 */
bool output_keep_descriptors(void);

/* Prints "tapgrant: OBJECT: REASON" and the hint on stderr.  Returns the error's code. */
int output_text(const struct tapgrant_error *error);

/* What is wrong with an interface's description, as an error of code TAPGRANT_USAGE. */
struct tapgrant_error output_error_of(const struct interface_fault *fault);

/* What is wrong with the command line of PROGRAM, as an error of code TAPGRANT_USAGE. */
__attribute__((format(printf, 2, 0))) struct tapgrant_error output_usage_of(const char *program,
                                                                            const char *format,
                                                                            va_list arguments);

/* Prints "tapgrant: interface NAME: warning: WARNING" on stderr. */
void output_warning(const struct tapgrant_device *device, const char *warning);

/* The same for each warning that the library has about the device. */
void output_warnings(const struct tapgrant_device *device);

/*
 * Flushes stdout.  If not all of it can be written, says so and returns TAPGRANT_FAILED, otherwise
 * TAPGRANT_OK.
 */
int output_end(void);
