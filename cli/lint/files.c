// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which files are looked at: those that are named, those of a folder, standard input, or all that
 * is installed.
 */
#include "cli/lint/lint.h"
#include "cli/shared/policy_file.h"
#include "conf/file/file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void report_folder(struct lint *lint, const char *path, int error) {
    lint->file = path;
    if (error == -EACCES) {
        lint_warn(lint, 0, "you may not read it, so what it declares is not checked");
    } else {
        lint_fault(lint, 0, "%s", file_reason(error));
    }
    lint_end_reports(lint);
}

/* The files that tapgrant-apply reads there. */
static void lint_folder(struct lint *lint, const char *path) {
    bool is_trusted = lint->options->installed || lint_is_same_folder(path, APPLY_FOLDER);
    struct definitions_folder folder;
    int error;

    if (is_trusted) {
        error = definitions_folder_list(path, &folder);
    } else {
        error = definitions_folder_list_any(path, &folder);
    }
    if (error) {
        report_folder(lint, path, error);
        return;
    }
    for (size_t i = 0; i < folder.count; i++) {
        char *file;

        if (asprintf(&file, "%s/%s", path, folder.file[i]->d_name) < 0) {
            report_folder(lint, path, -ENOMEM);
            break;
        }
        lint_file(lint, file);
        free(file);
    }
    definitions_folder_free(&folder);
}

static bool is_folder(const char *path) {
    struct stat kind;

    return !stat(path, &kind) && S_ISDIR(kind.st_mode);
}

/* The policy, and what is declared; a host need not have the folder. */
static void lint_installed(struct lint *lint) {
    struct stat kind;

    lint_file(lint, POLICY_PATH);
    if (!stat(APPLY_FOLDER, &kind) || errno != ENOENT) {
        lint_folder(lint, APPLY_FOLDER);
    }
}

void lint_files(struct lint *lint, char *const path[], int count) {
    for (int i = 0; i < count; i++) {
        if (strcmp(path[i], "-") && is_folder(path[i])) {
            lint_folder(lint, path[i]);
        } else {
            lint_file(lint, path[i]);
        }
    }
    if (!count) {
        lint_installed(lint);
    }
}
