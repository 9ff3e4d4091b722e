/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Interface definitions in a file, tapgrant-interfaces(5): read, checked, written back.  The
 * command and tapgrant-apply(8) use them; the setuid helper never sees one.
 *
 *     [interface LABEL]
 *     key = value
 *
 * The rules for lines are those of conf/ini/ini.h, the rules for keys those of interface.h.
 */
#pragma once

#include "conf/interface/interface.h"

#include <stdio.h>
#include <sys/types.h>

#define DEFINITIONS_SIZE (4u << 20) /* bytes of a file, for those who read it */
#define DEFINITIONS_MAX 4096        /* interfaces in a file */

enum definitions_purpose {
    DEFINITIONS_LIVE,     /* as they stand */
    DEFINITIONS_INACTIVE, /* saved, to be made again: generated names are dropped */
    DEFINITIONS_APPLY     /* for tapgrant-apply: owner, isolate, lock-mac; owner and dev required */
};

struct definition {
    struct interface interface;        /* with its label */
    unsigned line;                     /* of [interface LABEL] */
    unsigned key_line[INTERFACE_KEYS]; /* 0: not given */
    bool faulty;                       /* within: it has a fault, and is not kept */
    bool unclear;  /* within: not all of it was read, so the rules between keys are not applied */
    char *comment; /* NULL: none; written before it, one comment for each line; reading sets none */
};

struct definitions {
    struct definition *definition;
    size_t count;
    size_t room;     /* within */
    unsigned faults; /* how many were told */
};

/* Told of each fault; HINT "": none.  Both texts are printable, and last only for the call. */
typedef void definitions_fault_fn(void *context,
                                  unsigned line,
                                  const char *reason,
                                  const char *hint);

/* One definition that says nothing yet. */
void definition_init(struct definition *definition, enum definitions_purpose purpose);

/* 1-32 of A-Z a-z 0-9 _ -, not digits alone, which would read as a number in {0.fd}. */
bool definition_label_valid(const char *label);

/*
 * The definition behind the last, as definition_init() makes it.  It stays where it is until the
 * next one is added.  NULL: out of memory.
 */
struct definition *definitions_add(struct definitions *definitions,
                                   enum definitions_purpose purpose);

void definitions_free(struct definitions *definitions);

/*
 * Reads TEXT[SIZE], which need not end in a NUL, into *DEFINITIONS, which the caller passes to
 * definitions_free() whatever the result is.  -EINVAL: at least one fault, each told to FAULT
 * (which may be NULL); the definitions without a fault are there all the same.  -ENOMEM.
 */
CHECKED int definitions_read(struct definitions *definitions,
                             const char *text,
                             size_t size,
                             enum definitions_purpose purpose,
                             definitions_fault_fn *fault,
                             void *context);

/*
 * The rules for definitions that were made in memory: label, values that a line can hold, keys
 * between each other, labels and devices given twice.  Definitions that break one are removed.
 * Results as above.
 */
CHECKED int definitions_check(struct definitions *definitions,
                              enum definitions_purpose purpose,
                              definitions_fault_fn *fault,
                              void *context);

/*
 * The canonical form: key = value in the order of enum interface_key, only the keys given.
 * What definitions_check() accepted reads back the same.
 */
void definitions_write(const struct definitions *definitions, FILE *out);

/*
 * TEXT as comments of such a file or of a policy: "; " before each line.  A line that is too long
 * becomes several.
 */
void definitions_write_comment(const char *text, FILE *out);

#define DEFINITION_REASON 1024 /* bytes */

/* A definition in a file.  FILE is printable. */
struct definition_place {
    const struct definition *definition;
    const char *file;
};

/* The definitions so far, of several files, which are all the host's together.  At first zeros. */
struct definitions_known {
    void *by_label; /* within */
    void *by_dev;   /* within */
};

/* Why a definition is refused, and the line of its file that this is about. */
struct definition_repeated {
    unsigned line;
    char reason[DEFINITION_REASON];
};

/*
 * Keeps PLACE, which stays where it is until definitions_forget().  -EEXIST: one that is kept has
 * its label or its tap; *REPEATED is filled, and PLACE reserves neither.  -ENOMEM.
 */
CHECKED int definitions_know(struct definitions_known *known,
                             const struct definition_place *place,
                             struct definition_repeated *repeated);

void definitions_forget(struct definitions_known *known);

/* The id of a user's name, or an id as it is written.  False: the host has no such user. */
bool definition_find_owner(const char *owner, uid_t *uid);

/* What is wrong then. */
void definition_unknown_owner(const struct interface *interface, char reason[DEFINITION_REASON]);

struct dirent;

/* The files of a folder that tapgrant-apply(8) reads. */
struct definitions_folder {
    struct dirent **file; /* in the order of their names' bytes */
    size_t count;
};

/*
 * Lists the files called *.conf in the folder PATH, into *FOLDER for definitions_folder_free().
 * -EPERM: root does not own the folder, or others can write it and so take files away unseen; or
 * what open(2) and scandir(3) say.
 */
CHECKED int definitions_folder_list(const char *path, struct definitions_folder *folder);

/* The same, whoever can write the folder. */
CHECKED int definitions_folder_list_any(const char *path, struct definitions_folder *folder);

void definitions_folder_free(struct definitions_folder *folder);
