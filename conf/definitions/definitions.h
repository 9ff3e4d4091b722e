/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Interface definitions in a file, tapgrant-interfaces(5): read, checked, written back.  For the command and for
 * tapgrant-apply(8); the setuid helper never sees one.
 *
 *     [interface LABEL]
 *     key = value
 *
 * The lines' rules are those of tapgrant-policy(5), the keys' those of --net (interface.h).
 */
#pragma once

#include "conf/interface/interface.h"

#include <stdio.h>

#define DEFINITIONS_LINE 190         /* bytes in a line; inih would cut one of 200 */
#define DEFINITIONS_SIZE (4u << 20)  /* bytes in a file, for who reads it */
#define DEFINITIONS_MAX 4096         /* interfaces in a file */

/*
 * LIVE      as it stands
 * INACTIVE  saved, to be made anew: generated names are dropped, but for managed = no
 * APPLY     the administrator's, for tapgrant-apply: owner, isolate, lock-mac; owner and dev required
 */
enum definitions_purpose { DEFINITIONS_LIVE, DEFINITIONS_INACTIVE, DEFINITIONS_APPLY };

struct definition {
    struct interface interface; /* its label within */
    unsigned line;              /* of [interface LABEL] */
    unsigned key_line[INTERFACE_KEYS]; /* 0: not given */
    bool faulty;                /* within: at least one fault is its own, and it is not kept */
    bool unclear;               /* within: a name or type of it was not read, so that the rules between keys are not asked */
    char *comment;              /* NULL: none; written before it, a comment for each line; reading sets none */
};

struct definitions {
    struct definition *definition;
    size_t count, room;
    unsigned faults; /* told */
};

/* Told of each fault; HINT "": none.  Both texts are printable, and last only for the call. */
typedef void definitions_fault_fn(void *context, unsigned line, const char *reason, const char *hint);

/* The definition behind the last, of which only PURPOSE is set; it lasts until the next is added.  NULL: out of memory. */
struct definition *definitions_add(struct definitions *definitions, enum definitions_purpose purpose);

/*
 * TEXT[SIZE], which need not end in a NUL, into *DEFINITIONS, which is then for definitions_free() in any case.
 * -EINVAL: at least one fault, each told to FAULT (which may be NULL); what is faultless is there all the same, and what is
 * faulty is not.  -ENOMEM.
 */
CHECKED int definitions_read(struct definitions *definitions, const char *text, size_t size, enum definitions_purpose purpose,
                             definitions_fault_fn *fault, void *context);

/*
 * The rules on definitions that were made in memory: label, values that a line can hold, keys between each other, labels and
 * devices given twice.  Those that break one are removed.  -EINVAL as above.
 */
CHECKED int definitions_check(struct definitions *definitions, enum definitions_purpose purpose, definitions_fault_fn *fault,
                              void *context);

/* In canonical form: key = value, in the order of enum interface_key, only the keys given.  What was checked reads back. */
void definitions_write(const struct definitions *definitions, FILE *out);

/* TEXT as comments of such a file or a policy: "; " before each line, and where one is too long before the rest of it. */
void definitions_write_comment(const char *text, FILE *out);

void definitions_free(struct definitions *definitions);

/* 1-32 of A-Z a-z 0-9 _ -, not digits alone, which would read as a number in {0.fd}. */
bool definition_label_valid(const char *label);
