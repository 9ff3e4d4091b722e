// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Definition files as resources.  Root reads them unattended at every boot, and others could
 * declare what they can write there.  So the folder's files are taken under the policy's
 * conditions.  A file that is named on the command line is the administrator's word.
 */
#include "apply/read.h"
#include "apply/unique.h"
#include "conf/file/file.h"
#include "helper/link/link.h"
#include "wire/text.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define KNOWN_OWNERS 64
#define PATH_ROOM 4096
#define REASON_ROOM 160

/* An owner who was looked up: a thousand definitions have few of them. */
struct known_owner {
    char name[INTERFACE_OWNER];
    uid_t uid;
};

struct reading {
    struct resources *resources;
    struct report *report;
    const char *file; /* that is being read, printable */
    struct known_owner known[KNOWN_OWNERS];
    size_t known_count;
};

static void take_fault(void *context, unsigned line, const char *reason, const char *hint) {
    struct reading *reading = context;

    reading->resources->is_incomplete = true;
    report_fault(reading->report, reading->file, line, reason, hint);
}

static void take_unread(struct reading *reading, const char *file, int error) {
    char reason[REASON_ROOM];
    const char *hint = "";

    if (error == -EPERM) {
        hint = "chown root and chmod go-w, the file and its folder";
    }
    snprintf(reason, sizeof(reason), "cannot be read: %s", file_reason(error));
    reading->resources->is_incomplete = true;
    report_fault(reading->report, file, 0, reason, hint);
}

static bool find_known(const struct reading *reading, const char *owner, uid_t *uid) {
    for (size_t i = 0; i < reading->known_count; i++) {
        if (!strcmp(reading->known[i].name, owner)) {
            *uid = reading->known[i].uid;
            return true;
        }
    }
    return false;
}

static void keep_known(struct reading *reading, const char *owner, uid_t uid) {
    struct known_owner *known = &reading->known[reading->known_count];

    if (reading->known_count == KNOWN_OWNERS) {
        return;
    }
    snprintf(known->name, sizeof(known->name), "%s", owner);
    known->uid = uid;
    reading->known_count++;
}

/* The id of a user's name, or an id as it is written.  False: no user is called so. */
static bool find_owner(struct reading *reading, const char *owner, uid_t *uid) {
    if (find_known(reading, owner, uid)) {
        return true;
    }
    if (!definition_find_owner(owner, uid)) {
        return false;
    }
    keep_known(reading, owner, *uid);
    return true;
}

/*
 * A definition that is refused is not planned.  So what a plan would say of its bridge is said
 * here, and one run tells all its faults.
 */
static void take_missing_bridge(struct reading *reading, const struct definition *definition) {
    const struct interface *interface = &definition->interface;
    char reason[DEFINITION_REASON];
    struct link bridge;
    int error;

    if (!interface->bridge[0]) {
        return;
    }
    error = link_read(0, interface->bridge, &bridge);
    if (error == -ENODEV || (!error && strcmp(bridge.kind, "bridge") != 0)) {
        snprintf(reason, sizeof(reason), "[interface %s]: bridge %s: %s", interface->label,
                 interface->bridge, error ? "there is none" : "is no bridge");
        take_fault(reading, definition->key_line[INTERFACE_KEY_BRIDGE], reason, "");
    }
}

static void take_unknown_owner(struct reading *reading, const struct definition *definition) {
    const struct interface *interface = &definition->interface;
    char reason[DEFINITION_REASON];

    definition_unknown_owner(interface, reason);
    take_fault(reading, definition->key_line[INTERFACE_KEY_OWNER], reason, "");
    take_missing_bridge(reading, definition);
}

static int add_definitions(struct reading *reading, const struct definitions *definitions) {
    for (size_t i = 0; i < definitions->count; i++) {
        const struct definition *definition = &definitions->definition[i];
        const struct interface *interface = &definition->interface;
        struct resource *added;
        uid_t owner = 0;

        if (interface->managed && !find_owner(reading, interface->owner, &owner)) {
            take_unknown_owner(reading, definition);
            continue;
        }
        added = resources_add(reading->resources);
        if (!added) {
            return -ENOMEM;
        }
        added->definition = definition;
        added->file = reading->file;
        added->owner = owner;
    }
    return 0;
}

static int parse_file(struct reading *reading, const char *text, size_t size) {
    struct definitions *definitions = calloc(1, sizeof(*definitions));
    int error;

    if (!definitions) {
        return -ENOMEM;
    }
    error = definitions_read(definitions, text, size, DEFINITIONS_APPLY, take_fault, reading);
    if (error == -ENOMEM) {
        return error;
    }
    /* of a file with faults, the definitions without one are there */
    return add_definitions(reading, definitions);
}

/* Copies PATH, printable, into memory of its own.  NULL: out of memory. */
static const char *printable_copy(const char *path) {
    char *copy = malloc(PATH_ROOM);

    return copy ? text_printable(path, copy, PATH_ROOM) : NULL;
}

/* ERROR: with which the file's text could not be read, or 0. */
static int take_file(struct reading *reading,
                     const char *path,
                     int error,
                     char *text,
                     size_t size) {
    reading->file = printable_copy(path);
    if (!reading->file) {
        error = -ENOMEM;
    } else if (error) {
        take_unread(reading, reading->file, error);
        error = 0;
    } else {
        error = parse_file(reading, text, size);
    }
    free(text);
    return error;
}

static int read_named_file(struct reading *reading, const char *path) {
    char *text = NULL;
    size_t size = 0;
    int error = file_read_plain(path, DEFINITIONS_SIZE, &text, &size);

    return error == -ENOMEM ? error : take_file(reading, path, error, text, size);
}

static int read_file_of_folder(struct reading *reading, const char *folder, const char *name) {
    char path[PATH_ROOM];
    char *text = NULL;
    size_t size = 0;
    int error = file_read_trusted(folder, name, DEFINITIONS_SIZE, &text, &size);

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return error == -ENOMEM ? error : take_file(reading, path, error, text, size);
}

static int read_folder(struct reading *reading, const char *path) {
    struct definitions_folder folder;
    char shown[PATH_ROOM];
    int error = definitions_folder_list(path, &folder);

    if (error) {
        take_unread(reading, text_printable(path, shown, sizeof(shown)), error);
        return 0;
    }
    for (size_t i = 0; i < folder.count && !error; i++) {
        error = read_file_of_folder(reading, path, folder.file[i]->d_name);
    }
    definitions_folder_free(&folder);
    return error;
}

static int read_path(struct reading *reading, const char *path) {
    struct stat kind;

    if (!stat(path, &kind) && !S_ISDIR(kind.st_mode)) {
        return read_named_file(reading, path);
    }
    return read_folder(reading, path);
}

int resources_read(struct resources *resources,
                   const char *const path[],
                   size_t count,
                   struct report *report) {
    struct reading reading = {.resources = resources, .report = report};
    int error = 0;

    for (size_t i = 0; i < count && !error; i++) {
        error = read_path(&reading, path[i]);
    }
    if (!error) {
        error = resources_keep_unique(resources, report);
    }
    return error;
}
