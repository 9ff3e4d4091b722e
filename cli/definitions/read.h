/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within the command: a definition file, read and its faults said. */
#pragma once

#include "cli/command.h"
#include "conf/definitions/definitions.h"

/*
 * PATH, or standard input where it is "-", into *DEFINITIONS, for definitions_free() in any case.  0, or the exit status
 * after every fault was said as tapgrant: FILE:LINE: REASON; with JSON also as the object of output_error(), about the
 * first of them, and all of them in its "faults".
 */
int definition_file_read(const char *path, enum definitions_purpose purpose, bool json, struct definitions *definitions);

/* What is told of a file's faults while they are found: as text at once, as JSON in the end. */
struct definition_telling {
    char path[1024]; /* printable */
    bool json;
    struct tapgrant_error first;
    json_t *faults;
};

void definition_telling_begin(struct definition_telling *telling, const char *path, bool json);

/* A definitions_fault_fn; TELLING is a struct definition_telling. */
void definition_tell(void *telling, unsigned line, const char *reason, const char *hint);

/* Says what is left to say; FAILED, a negative errno, is for faults that were told, or for another cause.  The exit status. */
int definition_telling_end(struct definition_telling *telling, int failed);

/* The object of one definition: label, and the keys given.  NULL: out of memory. */
json_t *definition_json(const struct definition *definition);

/* As libvirt's <interface>; it has nothing for the keys that show_libvirt_lacks(), which become comments. */
void show_libvirt(const struct definition *definition, FILE *out);
bool show_libvirt_lacks(const struct interface *interface, enum interface_key key);

/* The bytes of PATH, for free(3): 0 or a negative errno. */
int definition_file_load(const char *path, char **text, size_t *size);
