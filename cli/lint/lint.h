/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within lint: one file's faults and warnings, as FILE:LINE: REASON, or as JSON. */
#pragma once

#include "cli/command.h"
#include "conf/definitions/definitions.h"
#include "conf/policy/policy.h"

struct lint_kept;
struct lint_report;
struct person;

struct lint_options {
    bool syntax; /* the text alone: no accounts, no bridges */
    bool numeric;
    bool installed;
    bool json;
};

struct lint {
    const struct lint_options *options;
    const char *file; /* "-": standard input */
    const char *text; /* of the file */
    size_t size;
    struct policy policy;
    struct policy_accounts accounts; /* lint_read_accounts() reads them */
    int passwd_error;                /* with which a file of them could not be read, or 0 */
    int group_error;
    int subuid_error;
    struct definitions_known known; /* of the files so far, for tapgrant-apply */
    struct lint_kept *kept;         /* within definitions.c */
    json_t *array;                  /* of {file, line, severity, reason}, if JSON */
    size_t faults;
    struct person *people; /* people_named() reads them */
    size_t people_count;
    struct lint_report *reports; /* of the file: lint_end_reports() shows them */
    size_t report_count;
};

/* report.c.  LINE 0: the whole file.  A warning is no fault. */
__attribute__((format(printf, 3, 4))) void lint_fault(struct lint *lint,
                                                      unsigned line,
                                                      const char *reason,
                                                      ...);
__attribute__((format(printf, 3, 4))) void lint_warn(struct lint *lint,
                                                     unsigned line,
                                                     const char *reason,
                                                     ...);

/* Shows what was reported, in the order of the lines, and forgets it. */
void lint_end_reports(struct lint *lint);

/* lines.c: the line of TEXT that is at or behind *LINE, for each in turn.  False: no more. */
struct lint_line {
    const char *text; /* in that of the file */
    size_t length;    /* without the newline */
    unsigned number;  /* from 1 */
};

/* Reads the line behind *LINE, or the first one behind all zeros.  False: there is none. */
bool lint_next_line(const struct lint *lint, struct lint_line *line);

/*
 * The next word of a rule's KEY, which may stand on several lines.  WORD is all zeros before the
 * first.  False: there is no further one.
 */
struct lint_word {
    char text[POLICY_LINE + 1];
    unsigned line;               /* its number */
    char words[POLICY_LINE + 1]; /* within: all of the line */
    size_t read;                 /* within: how many bytes of them */
    struct lint_line current;    /* within */
};
bool lint_next_word(const struct lint *lint,
                    const struct policy_rule *rule,
                    enum policy_key key,
                    struct lint_word *word);

/* The value of the line if it is KEY = VALUE.  False: it is not. */
bool lint_line_value(const struct lint_line *line,
                     enum policy_key key,
                     char value[POLICY_LINE + 1]);

/* The number of the first line with the rule's KEY; without one, of the rule's. */
unsigned lint_key_line(const struct lint *lint,
                       const struct policy_rule *rule,
                       enum policy_key key);

/* place.c: where a file lies, and so what it is for. */
enum lint_place {
    LINT_ELSEWHERE,
    LINT_POLICY,    /* the installed policy */
    LINT_CANDIDATE, /* beside it: what may become the policy, by rename(2) */
    LINT_DECLARED   /* in the folder that tapgrant-apply reads */
};
enum lint_place lint_find_place(const char *path);

/* The bytes of lint->file, for free(3), read under the conditions of its place.  -errno. */
CHECKED int lint_read(const struct lint *lint, enum lint_place place, char **text, size_t *size);

bool lint_is_same_folder(const char *one, const char *other);

/* files.c: all faults and warnings of the files and folders; of none: of all that is installed. */
void lint_files(struct lint *lint, char *const path[], int count);

/* file.c: those of one file. */
void lint_file(struct lint *lint, const char *path);

/*
 * definitions.c: are they definitions of interfaces, by the sections?  Their faults, also beside
 * those of the files before.
 */
bool lint_has_definitions(const struct lint *lint);
void lint_definitions(struct lint *lint, enum lint_place place);
void lint_forget_definitions(struct lint *lint);

/*
 * names.c.  Reads lint->accounts, by which words have ids.  Then, of the policy, faults: names that
 * the helper will not find, and what the name service says of them.
 */
void lint_read_accounts(struct lint *lint);
void lint_names(struct lint *lint);

/* warnings.c: what is valid, and not what its author can have meant. */
void lint_warnings(struct lint *lint);

/* numeric.c: prints the policy with ids in the place of names, if they are known. */
void lint_numeric(struct lint *lint);
