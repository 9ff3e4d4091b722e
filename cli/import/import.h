/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within the command: what others wrote about interfaces, read in.  Nothing of it is trusted, and all of it is read without
 * privilege; whatever is not carried over is told, and stands as a comment where it would have been.
 */
#pragma once

#include "conf/definitions/definitions.h"

/* Told of what is not carried over, at LINE of the file; TEXT is printable, and lasts only for the call. */
typedef void import_note_fn(void *context, unsigned line, const char *text);

struct import {
    enum definitions_purpose purpose; /* DEFINITIONS_INACTIVE; DEFINITIONS_APPLY: the taps of unmanaged interfaces */
    const char *owner;                /* with DEFINITIONS_APPLY */
    import_note_fn *note;
    definitions_fault_fn *fault;
    void *context; /* of both */
    struct definitions definitions;
    FILE *stream; /* within: comments for the definition that comes next, being written to TEXT */
    char *text;
    size_t text_size;
};

/*
 * libvirt's documents, domainxml(5): <domain> and <interface>, any number of either in TEXT.  The definitions of those that
 * became one are in import->definitions, for import_free() in any case.  -EINVAL: at least one fault, each told.  -ENOMEM.
 * -ENOSYS: built without libxml2.
 */
CHECKED int import_documents(struct import *import, const char *text, size_t size);

/* The definitions, and what belongs to none of them, as text. */
void import_write(struct import *import, FILE *out);

void import_free(struct import *import);

/* Within: LINE is not carried over, or has a fault; printf's format.  What is noted is a comment of the next import_comment(). */
__attribute__((format(printf, 3, 4))) void import_note(struct import *import, unsigned line, const char *format, ...);
__attribute__((format(printf, 3, 4))) void import_fault(struct import *import, unsigned line, const char *format, ...);

/* Within: what was noted since, for free(3); NULL: nothing. */
char *import_comment(struct import *import);

/* qemu-bridge-helper's access list in PATH as a policy to review, on stdout.  The exit status. */
int import_bridge_conf(const char *path, bool json);
