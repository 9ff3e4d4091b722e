/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within import: what others wrote about interfaces.  Nothing of it is trusted, and all of it is
 * read without privilege.  What is not carried over is noted: the user is told, and the definition
 * has a comment where it would have been.
 */
#pragma once

#include "conf/definitions/definitions.h"

/*
 * Told of what is not carried over, at LINE of the file.  TEXT is printable, and lasts only for the
 * call.
 */
typedef void import_note_fn(void *context, unsigned line, const char *text);

/*
 * purpose: DEFINITIONS_INACTIVE, or DEFINITIONS_APPLY for the taps of unmanaged interfaces alone,
 * with their owner.  note and fault get context.  stream, text and text_size are within: what was
 * noted for the definition that comes next; NULL: nothing.
 */
struct import {
    enum definitions_purpose purpose;
    const char *owner;
    import_note_fn *note;
    definitions_fault_fn *fault;
    void *context;
    struct definitions definitions;
    FILE *stream;
    char *text;
    size_t text_size;
};

/* The whole of import, once it runs in the program of its own.  Returns the exit status. */
int import_run(int argc, char *argv[]);

/*
 * Reads libvirt's documents, domainxml(5): <domain> and <interface>, any number of either in TEXT.
 * What became a definition is in import->definitions; import_free() frees it in any case.  -EINVAL:
 * at least one fault, each told; -ENOMEM; -ENOSYS: built without libxml2.
 */
CHECKED int import_documents(struct import *import, const char *text, size_t size);

/* Writes the definitions, and behind them the notes that belong to none. */
void import_write(struct import *import, FILE *out);

void import_free(struct import *import);

/* Within: LINE is not carried over.  printf(3)'s format. */
__attribute__((format(printf, 3, 4))) void import_note(struct import *import,
                                                       unsigned line,
                                                       const char *format,
                                                       ...);

/* Within: LINE has a fault.  printf(3)'s format. */
__attribute__((format(printf, 3, 4))) void import_fault(struct import *import,
                                                        unsigned line,
                                                        const char *format,
                                                        ...);

/* Within: what was noted since the last call, for free(3).  NULL: nothing. */
char *import_comment(struct import *import);

/* Prints qemu-bridge-helper's access list PATH as a policy to review.  Returns the exit status. */
int import_bridge_conf(const char *path, bool json);
