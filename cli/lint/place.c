// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Where a file lies, and so what it is for; and how it is read there.
 */
#include "cli/lint/lint.h"
#include "cli/shared/policy_file.h"
#include "conf/file/file.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Splits PATH into its folder and its name.  False: it is too long to be one. */
static bool split(const char *path, char folder[PATH_MAX], char name[PATH_MAX]) {
    char copy[PATH_MAX];

    if (strlen(path) >= PATH_MAX) {
        return false;
    }
    snprintf(copy, sizeof(copy), "%s", path);
    snprintf(folder, PATH_MAX, "%s", dirname(copy));
    snprintf(copy, sizeof(copy), "%s", path);
    snprintf(name, PATH_MAX, "%s", basename(copy));
    return true;
}

bool lint_is_same_folder(const char *one, const char *other) {
    struct stat a;
    struct stat b;

    if (stat(one, &a) || stat(other, &b)) {
        return !strcmp(one, other);
    }
    return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

enum lint_place lint_find_place(const char *path) {
    char folder[PATH_MAX];
    char name[PATH_MAX];

    if (!strcmp(path, "-") || !split(path, folder, name)) {
        return LINT_ELSEWHERE;
    }
    if (lint_is_same_folder(folder, POLICY_FOLDER)) {
        return strcmp(name, POLICY_FILE) ? LINT_CANDIDATE : LINT_POLICY;
    }
    return lint_is_same_folder(folder, APPLY_FOLDER) ? LINT_DECLARED : LINT_ELSEWHERE;
}

int lint_read(const struct lint *lint, enum lint_place place, char **text, size_t *size) {
    bool is_installed = place == LINT_POLICY || place == LINT_DECLARED;
    bool is_trusted = lint->options->installed || is_installed;
    char folder[PATH_MAX];
    char name[PATH_MAX];

    *text = NULL;
    if (!strcmp(lint->file, "-")) {
        return file_read_input(POLICY_SIZE, text, size);
    }
    if (!is_trusted) {
        return file_read_plain(lint->file, POLICY_SIZE, text, size);
    }
    if (!split(lint->file, folder, name)) {
        return -ENAMETOOLONG;
    }
    return file_read_trusted(folder, name, POLICY_SIZE, text, size);
}
