// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/list/changes.h"
#include "conf/file/file.h"

#include <dirent.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

/* What is faulty in the file is left out, as tapgrant-apply(8) leaves it out. */
static void read_file(struct definitions *definitions, const char *name) {
    char *text = NULL;
    size_t size;

    if (file_read_trusted(APPLY_FOLDER, name, DEFINITIONS_SIZE, &text, &size)) {
        return;
    }
    (void)!definitions_read(definitions, text, size, DEFINITIONS_APPLY, NULL, NULL);
    free(text);
}

void declared_read(struct declared *declared) {
    struct definitions_folder folder;

    *declared = (struct declared){.count = 0};
    if (definitions_folder_list(APPLY_FOLDER, &folder)) {
        return;
    }
    declared->files = calloc(folder.count, sizeof(*declared->files));
    for (size_t i = 0; declared->files && i < folder.count; i++) {
        read_file(&declared->files[i], folder.file[i]->d_name);
        declared->count++;
    }
    definitions_folder_free(&folder);
}

void declared_free(struct declared *declared) {
    for (size_t i = 0; i < declared->count; i++) {
        definitions_free(&declared->files[i]);
    }
    free(declared->files);
    *declared = (struct declared){.count = 0};
}

/* If several definitions have one label, the first counts. */
static const struct interface *find(const struct declared *declared, const char *label) {
    for (size_t i = 0; i < declared->count; i++) {
        const struct definitions *file = &declared->files[i];

        for (size_t j = 0; j < file->count; j++) {
            if (!strcmp(file->definition[j].interface.label, label)) {
                return &file->definition[j].interface;
            }
        }
    }
    return NULL;
}

/* FALLBACK: the user's name is not known here. */
static uid_t user_id(const char *user, uid_t fallback) {
    const struct passwd *passwd;

    if (!user[strspn(user, "0123456789")]) {
        return (uid_t)strtoull(user, NULL, 10);
    }
    passwd = getpwnam(user);
    return passwd ? passwd->pw_uid : fallback;
}

/*
 * The user who is meant to own the tap.  The tag of a declared one does not say.  If its definition
 * cannot be read, it is taken to be the owner that it has.
 */
static uid_t wanted_owner(const struct declared *declared, const struct tapgrant_device *device) {
    uid_t uid = tapgrant_uid(device);
    const char *label = tapgrant_label(device);
    const struct interface *interface = label ? find(declared, label) : NULL;

    if (!interface || !interface->managed || strcmp(interface->dev, tapgrant_name(device))) {
        return uid;
    }
    return user_id(interface->owner, uid);
}

/* While tapgrant makes a tap, it is root's and transient. */
static bool is_being_made(const struct tapgrant_device *device) {
    return !tapgrant_owner(device) && !tapgrant_persist(device);
}

struct changes changes_of(const struct declared *declared, const struct tapgrant_device *device) {
    struct changes changes = {.wanted_owner = wanted_owner(declared, device)};
    uid_t owner = tapgrant_owner(device);
    bool is_declared = tapgrant_label(device);

    if (is_being_made(device) || (!tapgrant_rule(device) && !is_declared)) {
        return changes;
    }
    changes.owner = owner == (uid_t)-1 || owner != changes.wanted_owner;
    changes.group = tapgrant_group(device) != (gid_t)-1;
    /* the tag of a granted tap does not say whether it was meant to persist */
    changes.persist = is_declared && !tapgrant_persist(device);
    return changes;
}
