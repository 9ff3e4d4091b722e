// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The administrator's folder of definitions.
 * Hostile here: everybody who can write there.  Privilege held: root's in tapgrant-apply.
 */
#include "conf/definitions/definitions.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENDING ".conf"

static int is_definitions(const struct dirent *entry) {
    size_t length = strlen(entry->d_name);

    if (entry->d_name[0] == '.' || length <= strlen(ENDING)) {
        return 0;
    }
    return !strcmp(entry->d_name + length - strlen(ENDING), ENDING);
}

/* alphasort(3) would depend on the locale. */
static int by_bytes(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int check_root_only(const char *path) {
    struct stat stat;
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = 0;

    if (folder < 0) {
        return -errno;
    }
    if (fstat(folder, &stat)) {
        error = -errno;
    } else if (stat.st_uid != 0 || stat.st_mode & (S_IWGRP | S_IWOTH)) {
        error = -EPERM;
    }
    close(folder);
    return error;
}

int definitions_folder_list(const char *path, struct definitions_folder *folder) {
    int error = check_root_only(path);

    *folder = (struct definitions_folder){0};
    return error ? error : definitions_folder_list_any(path, folder);
}

int definitions_folder_list_any(const char *path, struct definitions_folder *folder) {
    int count;

    *folder = (struct definitions_folder){0};
    count = scandir(path, &folder->file, is_definitions, by_bytes);
    if (count < 0) {
        return -errno;
    }
    folder->count = (size_t)count;
    return 0;
}

void definitions_folder_free(struct definitions_folder *folder) {
    for (size_t i = 0; i < folder->count; i++) {
        free(folder->file[i]);
    }
    free(folder->file);
    *folder = (struct definitions_folder){0};
}
