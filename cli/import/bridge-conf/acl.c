// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * /etc/qemu/bridge.conf, as parse_acl_file() of qemu-bridge-helper.c reads it: the first word, and the rest of the line.
 * Of an included file it ignores every error, and keeps what it had read of it.
 */
#include "cli/import/bridge-conf/acl.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DEPTH 8
#define LINE 4096 /* as there: a longer one would be read as two */

static int read_file(struct acl *acl, const char *path, unsigned depth, const struct readers *of_including);

static int fail(struct acl *acl, unsigned number, const char *what, const char *text) {
    acl->fault_line = number;
    snprintf(acl->fault, sizeof(acl->fault), "%s '%.200s'", what, text);
    return -EINVAL;
}

/* The whole counts for nothing: behind a bound of ours there may be a deny. */
static bool is_too_much(int failed) {
    return failed == -EMLINK || failed == -EMFILE || failed == -EFBIG || failed == -ENOMEM;
}

static int include(struct acl *acl, const char *path, unsigned file, unsigned number, unsigned depth) {
    struct readers readers = acl->files[file].readers;
    char text[600];
    int failed;

    if (path[0] != '/') {
        snprintf(text, sizeof(text), "include %.200s: not carried: it is looked for where the caller is", path);
        acl->note(acl->context, acl->files[file].path, number, text);
        return 0;
    }
    failed = depth == DEPTH ? -EMLINK : read_file(acl, path, depth + 1, &readers);
    if (!failed || is_too_much(failed)) return failed;
    if (failed == -EINVAL)
        snprintf(text, sizeof(text), "%s: what follows in this file counts for nothing, a deny as well", acl->fault);
    else
        snprintf(text, sizeof(text), "%.200s: %s: nothing of it is carried, a deny as well", path, strerror(-failed));
    acl->note(acl->context, failed == -EINVAL ? path : acl->files[file].path, failed == -EINVAL ? acl->fault_line : number, text);
    return 0;
}

static int take_line(struct acl *acl, const char *verb, const char *argument, struct acl_line line, unsigned depth) {
    if (!strcmp(verb, "include")) return include(acl, argument, line.file, line.number, depth);
    if (strlen(argument) >= ACL_NAME) return fail(acl, line.number, "a name of over 15 bytes:", argument);
    line.allow = !strcmp(verb, "allow");
    if (!line.allow && strcmp(verb, "deny")) return fail(acl, line.number, "unknown command", verb);
    if (acl->line_count == ACL_LINES) return -EFBIG;
    line.all = !strcmp(argument, "all");
    snprintf(line.bridge, sizeof(line.bridge), "%s", argument);
    acl->lines[acl->line_count++] = line;
    return 0;
}

static int read_lines(struct acl *acl, FILE *stream, unsigned file, unsigned depth) {
    char text[LINE], *verb, *argument, *end;
    struct acl_line line = {.file = file};
    int failed = 0;

    while (!failed && fgets(text, sizeof(text), stream)) {
        line.number++;
        verb = text;
        while (isspace((unsigned char)*verb)) verb++;
        if (!*verb || *verb == '#') continue;
        argument = strchr(verb, ' ') ? strchr(verb, ' ') : strchr(verb, '\t');
        verb[strcspn(verb, "\n")] = 0;
        if (!argument) return fail(acl, line.number, "invalid line", verb);
        *argument++ = 0;
        while (isspace((unsigned char)*argument)) argument++;
        end = argument + strlen(argument);
        while (end > argument && isspace((unsigned char)end[-1])) *--end = 0;
        failed = take_line(acl, verb, argument, line, depth);
    }
    return failed ? failed : ferror(stream) ? -EIO : 0;
}

static int read_file(struct acl *acl, const char *path, unsigned depth, const struct readers *of_including) {
    struct acl_file *file = &acl->files[acl->file_count];
    FILE *stream;
    int failed;

    if (acl->file_count == ACL_FILES) return -EMFILE;
    stream = fopen(path, "re");
    if (!stream) return -errno;
    file->readers = readers_of(fileno(stream), path);
    file->readers = readers_of_both(of_including, &file->readers);
    file->path = strdup(path);
    acl->file_count++;
    failed = file->path ? read_lines(acl, stream, acl->file_count - 1, depth) : -ENOMEM;
    fclose(stream);
    return failed;
}

int acl_read(struct acl *acl, const char *path) {
    struct readers everybody = {.kind = READERS_ALL};

    return read_file(acl, path, 0, &everybody);
}

void acl_free(struct acl *acl) {
    for (unsigned i = 0; i < acl->file_count; i++) free(acl->files[i].path);
}
