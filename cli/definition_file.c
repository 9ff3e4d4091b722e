// SPDX-License-Identifier: LGPL-2.1-or-later
#include "definition_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct telling {
    char path[1024];
    struct tapgrant_error first;
    json_t *faults;
};

int definition_file_load(const char *path, char **text, size_t *size) {
    FILE *file = strcmp(path, "-") ? fopen(path, "re") : stdin;
    int failed;

    *text = NULL;
    if (!file) return -errno;
    *text = malloc(DEFINITIONS_SIZE + 1);
    errno = EIO;
    *size = *text ? fread(*text, 1, DEFINITIONS_SIZE + 1, file) : 0;
    failed = !*text ? -ENOMEM : ferror(file) ? -errno : *size > DEFINITIONS_SIZE ? -EFBIG : 0;
    fclose(file);
    if (!failed) return 0;
    free(*text);
    *text = NULL;
    return failed;
}

static void tell(void *context, unsigned line, const char *reason, const char *hint) {
    struct tapgrant_error error = {.code = TAPGRANT_USAGE};
    struct telling *telling = context;

    snprintf(error.object, sizeof(error.object), "%.100s:%u", telling->path, line);
    snprintf(error.reason, sizeof(error.reason), "%s", reason);
    snprintf(error.hint, sizeof(error.hint), "%s", hint);
    fprintf(stderr, "tapgrant: %s:%u: %s\n", telling->path, line, reason);
    if (*hint) fprintf(stderr, "hint: %s\n", hint);
    if (!telling->first.code) telling->first = error;
    if (telling->faults)
        json_array_append_new(telling->faults, json_pack("{s:s, s:i, s:s, s:s?}", "file", telling->path, "line", (int)line,
                                                         "reason", reason, "hint", *hint ? hint : NULL));
}

int definition_file_read(const char *path, enum definitions_purpose purpose, bool json, struct definitions *definitions) {
    struct telling telling = {.faults = json ? json_array() : NULL};
    struct tapgrant_error error = {.code = TAPGRANT_USAGE};
    char *text;
    size_t size;
    int failed;

    *definitions = (struct definitions){0};
    interface_printable(path, telling.path, sizeof(telling.path));
    failed = definition_file_load(path, &text, &size);
    if (!failed) failed = definitions_read(definitions, text, size, purpose, tell, &telling);
    free(text);
    if (failed && !telling.first.code) {
        snprintf(error.object, sizeof(error.object), "%.127s", telling.path);
        snprintf(error.reason, sizeof(error.reason), "cannot be read: %s", strerror(-failed));
        failed = output_error(&error, json);
    } else if (failed && json) {
        failed = output_faults(&telling.first, telling.faults);
        telling.faults = NULL;
    } else if (failed) {
        failed = TAPGRANT_USAGE;
    }
    json_decref(telling.faults);
    return failed;
}
