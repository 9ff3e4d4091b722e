// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/definitions/read.h"
#include "conf/file/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int definition_file_load(const char *path, char **text, size_t *size) {
    if (!strcmp(path, "-")) {
        return file_read_input(DEFINITIONS_SIZE, text, size);
    }
    return file_read_plain(path, DEFINITIONS_SIZE, text, size);
}

void definition_telling_begin(struct definition_telling *telling, const char *path, bool json) {
    *telling = (struct definition_telling){.json = json, .faults = json ? json_array() : NULL};
    interface_printable(path, telling->path, sizeof(telling->path));
}

void definition_tell(void *context, unsigned line, const char *reason, const char *hint) {
    struct tapgrant_error error = {.code = TAPGRANT_USAGE};
    struct definition_telling *telling = context;

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

int definition_telling_end(struct definition_telling *telling, int failed) {
    struct tapgrant_error error = {.code = TAPGRANT_USAGE};

    if (failed && !telling->first.code) {
        snprintf(error.object, sizeof(error.object), "%.127s", telling->path);
        snprintf(error.reason, sizeof(error.reason), "cannot be read: %s", strerror(-failed));
        failed = output_error(&error, telling->json);
    } else if (failed && telling->json) {
        failed = output_faults(&telling->first, telling->faults);
        telling->faults = NULL;
    } else if (failed) {
        failed = TAPGRANT_USAGE;
    }
    json_decref(telling->faults);
    return failed;
}

int definition_file_read(const char *path, enum definitions_purpose purpose, bool json, struct definitions *definitions) {
    struct definition_telling telling;
    char *text;
    size_t size;
    int failed;

    *definitions = (struct definitions){0};
    definition_telling_begin(&telling, path, json);
    failed = definition_file_load(path, &text, &size);
    if (!failed) failed = definitions_read(definitions, text, size, purpose, definition_tell, &telling);
    free(text);
    return definition_telling_end(&telling, failed);
}
