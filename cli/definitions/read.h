/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within the command: a definition file, read, and its faults said. */
#pragma once

#include "cli/command.h"
#include "conf/definitions/definitions.h"

/*
 * Reads PATH, or standard input if it is "-", into *DEFINITIONS, which definitions_free() frees in
 * any case.  0, or the exit status after every fault was said as "tapgrant: FILE:LINE: REASON".
 * With JSON, also one object as of output_error() is printed: about the first fault, with all of
 * them in its "faults".
 */
int definition_file_read(const char *path,
                         enum definitions_purpose purpose,
                         bool json,
                         struct definitions *definitions);

/*
 * Reads the bytes of PATH, or of standard input if it is "-", into *TEXT for free(3).  -EFBIG: over
 * DEFINITIONS_SIZE; -EIO, -ENOMEM, or what open(2) says.
 */
CHECKED int definition_file_load(const char *path, char **text, size_t *size);

/* The faults of a file: printed as text while they are found, as JSON in the end. */
struct definition_report {
    char path[1024]; /* printable */
    bool json;
    struct tapgrant_error first; /* code 0: no fault so far */
    json_t *faults;              /* NULL: without JSON */
};

void definition_report_begin(struct definition_report *report, const char *path, bool json);

/* A definitions_fault_fn whose context is a struct definition_report. */
void definition_report_fault(void *report, unsigned line, const char *reason, const char *hint);

/*
 * Prints what is left, and frees what the report holds.  ERROR is a negative errno or 0; if no
 * fault was reported, it is why the file cannot be read.  Returns the exit status.
 */
int definition_report_end(struct definition_report *report, int error);

/* The object of one definition: its label, and the keys that were given.  NULL: out of memory. */
json_t *definition_json(const struct definition *definition);
