/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within the command: a definition file, read and its faults said. */
#pragma once

#include "command.h"
#include "definitions.h"

/*
 * PATH, or standard input where it is "-", into *DEFINITIONS, for definitions_free() in any case.  0, or the exit status
 * after every fault was said as tapgrant: FILE:LINE: REASON; with JSON also as the object of output_error(), about the
 * first of them, and all of them in its "faults".
 */
int definition_file_read(const char *path, enum definitions_purpose purpose, bool json, struct definitions *definitions);

/* The bytes of PATH, for free(3): 0 or a negative errno. */
int definition_file_load(const char *path, char **text, size_t *size);
