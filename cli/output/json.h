/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within the command: what it says as JSON on stdout, beside the text of output.h.  All functions
 * that return int return the exit status.
 */
#pragma once

#include "lib/tapgrant.h"

#include <jansson.h>
#include <stdbool.h>

struct interface_fault;
struct options;

/* Prints VALUE, which is given up, and a newline. */
int output_json(json_t *value);

/* Prints the error as text on stderr, and with JSON also as an object on stdout. */
int output_error(const struct tapgrant_error *error, bool json);

/* The same for what is wrong with an interface's description. */
int output_fault(const struct interface_fault *fault, bool json);

/*
 * Prints only the object, with the array FAULTS, which is given up, added: for faults that are on
 * stderr already.
 */
int output_faults(const struct tapgrant_error *error, json_t *faults);

/* The same as output_error() for what is wrong with the command line. */
__attribute__((format(printf, 2, 3))) int output_usage(bool json, const char *format, ...);

/*
 * Reads a verb's options; see options.h.  0; OUTPUT_DONE after --help or --version was answered;
 * otherwise the exit status, after the fault was said, also as JSON if *JSON is set by then.
 */
#define OUTPUT_DONE (-1)
int output_options(struct options *options, int argc, char *argv[], const bool *json);

/* The object of one device that list and create print.  NULL: out of memory. */
json_t *output_device(const struct tapgrant_device *device);
