/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within the command: its verbs, and how it speaks. */
#pragma once

#include <jansson.h>
#include <stdarg.h>
#include <stdbool.h>
#include "lib/tapgrant.h"

#define COMMAND_CANNOT_RUN 125 /* as env(1) has them */
#define COMMAND_NOT_EXECUTABLE 126
#define COMMAND_NOT_FOUND 127

/* Each takes its own arguments, argv[0] its name, and returns the exit status. */
int run_main(int argc, char *argv[]);
int create_main(int argc, char *argv[]);
int delete_main(int argc, char *argv[]);
int list_main(int argc, char *argv[]);
int check_main(int argc, char *argv[]);
int doctor_main(int argc, char *argv[]);
int lint_main(int argc, char *argv[]);
int show_main(int argc, char *argv[]);
int import_main(int argc, char *argv[]);

/* tapgrant: OBJECT: REASON, and the hint, on stderr.  Returns its code. */
int output_text(const struct tapgrant_error *error);

/* The same, and with JSON the same as an object on stdout. */
int output_error(const struct tapgrant_error *error, bool json);

/*
 * Before anything else: where 0, 1 or 2 is closed, a tap would be opened there, and what is said would be sent into it.
 * false: they cannot be kept.
 */
bool output_keep_descriptors(void);

struct interface_fault;

/* What is wrong with a description that does not parse: of code TAPGRANT_USAGE, exit status 2. */
struct tapgrant_error output_error_of(const struct interface_fault *fault);
int output_fault(const struct interface_fault *fault, bool json);

/* The object that output_error() prints on stdout, about several: FAULTS, which is given up, is added.  ERROR's code. */
int output_faults(const struct tapgrant_error *error, json_t *faults);

/* Flushes standard output.  The exit status: 1, after it was said, if not all of it could be written. */
int output_end(void);

/* The same for what is wrong with the command line itself, of PROGRAM, or of tapgrant. */
__attribute__((format(printf, 2, 0))) struct tapgrant_error output_usage_of(const char *program, const char *format,
                                                                            va_list arguments);
__attribute__((format(printf, 2, 3))) int output_usage(bool json, const char *format, ...);

/* tapgrant: interface NAME: warning: WARNING. */
void output_warning(const struct tapgrant_device *device, const char *warning);

/* The same for each one that the library has. */
void output_warnings(const struct tapgrant_device *device);

/* The object that list and create print.  NULL: out of memory. */
json_t *output_device(const struct tapgrant_device *device);

/* Prints VALUE, which is given up, and a newline.  The exit status. */
int output_json(json_t *value);

/* 52:54:00:12:34:56 */
#define OUTPUT_MAC sizeof("00:00:00:00:00:00")
const char *output_mac(const uint8_t mac[6], char text[OUTPUT_MAC]);
