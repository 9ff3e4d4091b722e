// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * /etc/qemu/bridge.conf, as parse_acl_file() of qemu-bridge-helper.c reads it: the first word, and
 * the rest of the line.  It ignores every error of an included file, and keeps the lines in front
 * of the error.
 */
#include "cli/import/bridge-conf/acl.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH 8
#define LINE 4096 /* as there: a longer line is read as two */

static int read_file(struct acl *acl,
                     const char *path,
                     unsigned depth,
                     const struct readers *of_including);

static int refuse(struct acl *acl, unsigned number, const char *what, const char *text) {
    acl->fault_line = number;
    snprintf(acl->fault, sizeof(acl->fault), "%s '%.200s'", what, text);
    return -EINVAL;
}

/* Behind a bound of ours there may be a deny, so that nothing of the list may be used. */
static bool is_too_much(int error) {
    return error == -EMLINK || error == -EMFILE || error == -EFBIG || error == -ENOMEM;
}

static void note_relative(struct acl *acl, const struct acl_line *line, const char *path) {
    char text[600];

    snprintf(text, sizeof(text),
             "include %.200s: not carried: it is looked for where the caller is", path);
    acl->note(acl->context, acl->files[line->file].path, line->number, text);
}

/* Of the file PATH, which LINE includes. */
static void note_error(struct acl *acl, const struct acl_line *line, const char *path, int error) {
    char text[600];

    if (error == -EINVAL) {
        snprintf(text, sizeof(text),
                 "%s: what follows in this file counts for nothing, a deny as well", acl->fault);
        acl->note(acl->context, path, acl->fault_line, text);
        return;
    }
    snprintf(text, sizeof(text), "%.200s: %s: nothing of it is carried, a deny as well", path,
             strerror(-error));
    acl->note(acl->context, acl->files[line->file].path, line->number, text);
}

static int include(struct acl *acl, const struct acl_line *line, const char *path, unsigned depth) {
    struct readers readers = acl->files[line->file].readers;
    int error;

    if (path[0] != '/') {
        note_relative(acl, line, path);
        return 0;
    }
    if (depth == DEPTH) {
        return -EMLINK;
    }
    error = read_file(acl, path, depth + 1, &readers);
    if (is_too_much(error)) {
        return error;
    }
    if (error) {
        note_error(acl, line, path, error);
    }
    return 0;
}

/* LINE has its place; its VERB and ARGUMENT were read. */
static int take_line(struct acl *acl,
                     struct acl_line line,
                     const char *verb,
                     const char *argument,
                     unsigned depth) {
    if (!strcmp(verb, "include")) {
        return include(acl, &line, argument, depth);
    }
    if (strlen(argument) >= ACL_NAME) {
        return refuse(acl, line.number, "a name of over 15 bytes:", argument);
    }
    line.is_allow = !strcmp(verb, "allow");
    if (!line.is_allow && strcmp(verb, "deny")) {
        return refuse(acl, line.number, "unknown command", verb);
    }
    if (acl->line_count == ACL_LINES) {
        return -EFBIG;
    }
    line.is_all = !strcmp(argument, "all");
    snprintf(line.bridge, sizeof(line.bridge), "%s", argument);
    acl->lines[acl->line_count] = line;
    acl->line_count++;
    return 0;
}

static char *skip_blanks(char *text) {
    while (isspace((unsigned char)*text)) {
        text++;
    }
    return text;
}

static void cut_blanks(char *text) {
    char *end = text + strlen(text);

    while (end > text && isspace((unsigned char)end[-1])) {
        end--;
    }
    *end = 0;
}

/*
 * TEXT is a line whose place is in LINE.  The verb ends at the first ' ', or if there is none, at
 * the first tab.
 */
static int parse_line(struct acl *acl, char *text, const struct acl_line *line, unsigned depth) {
    char *verb = skip_blanks(text);
    char *argument = strchr(verb, ' ');

    if (!*verb || *verb == '#') {
        return 0;
    }
    if (!argument) {
        argument = strchr(verb, '\t');
    }
    if (!argument) {
        verb[strcspn(verb, "\n")] = 0;
        return refuse(acl, line->number, "invalid line", verb);
    }
    *argument = 0;
    argument = skip_blanks(argument + 1);
    cut_blanks(argument);
    return take_line(acl, *line, verb, argument, depth);
}

static int read_lines(struct acl *acl, FILE *stream, unsigned file, unsigned depth) {
    struct acl_line line = {.file = file};
    char text[LINE];

    while (fgets(text, sizeof(text), stream)) {
        int error;

        line.number++;
        error = parse_line(acl, text, &line, depth);
        if (error) {
            return error;
        }
    }
    return ferror(stream) ? -EIO : 0;
}

static int read_file(struct acl *acl,
                     const char *path,
                     unsigned depth,
                     const struct readers *of_including) {
    unsigned number = acl->file_count;
    struct acl_file *file = &acl->files[number];
    struct readers readers;
    FILE *stream;
    int error = -ENOMEM;

    if (number == ACL_FILES) {
        return -EMFILE;
    }
    stream = fopen(path, "re");
    if (!stream) {
        return -errno;
    }
    readers = readers_of(fileno(stream), path);
    file->readers = readers_of_both(of_including, &readers);
    file->path = strdup(path);
    acl->file_count++;
    if (file->path) {
        error = read_lines(acl, stream, number, depth);
    }
    fclose(stream);
    return error;
}

int acl_read(struct acl *acl, const char *path) {
    struct readers everybody = {.kind = READERS_ALL};

    return read_file(acl, path, 0, &everybody);
}

void acl_free(struct acl *acl) {
    for (unsigned i = 0; i < acl->file_count; i++) {
        free(acl->files[i].path);
    }
}
