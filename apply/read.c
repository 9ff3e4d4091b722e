// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Definition files -> resources.  Root reads them unattended at every boot: what others can write there would be theirs to
 * declare, so that the folder's files are taken under the policy's conditions.  A file that is named on the command line
 * is the administrator's word.
 */
#include "apply/resource.h"
#include "apply/report.h"
#include "conf/file/file.h"

#include <dirent.h>
#include <pwd.h>
#include <search.h>
#include <stdarg.h>

struct reading {
    struct resources *resources;
    const char *file;
};

static void tell(void *context, unsigned line, const char *reason, const char *hint) {
    struct reading *reading = context;

    reading->resources->is_incomplete = true;
    report_fault(reading->file, line, reason, hint);
}

static void tell_unread(struct resources *resources, const char *file, int error) {
    char text[160];

    snprintf(text, sizeof(text), "cannot be read: %s", file_reason(error));
    resources->is_incomplete = true;
    report_fault(file, 0, text, error == -EPERM ? "chown root and chmod go-w, the file and its folder" : "");
}

/* A user's name or id -> uid.  Those that were looked up are kept: a thousand definitions have few owners. */
static bool look_up(const char *owner, uid_t *uid) {
    static struct { char name[INTERFACE_OWNER]; uid_t uid; } known[64];
    static size_t count;
    const struct passwd *user;
    unsigned long long id;

    for (size_t i = 0; i < count; i++)
        if (!strcmp(known[i].name, owner)) return *uid = known[i].uid, true;
    if (!owner[strspn(owner, "0123456789")]) {
        id = strtoull(owner, NULL, 10);
        return *uid = (uid_t)id, id < UINT32_MAX; /* (uid_t)-1: nobody's */
    }
    user = getpwnam(owner);
    if (!user) return false;
    *uid = user->pw_uid;
    snprintf(known[count].name, sizeof(known[count].name), "%s", owner);
    known[count].uid = *uid;
    count += count < sizeof(known) / sizeof(known[0]) - 1;
    return true;
}

static int add_definitions(struct resources *resources, const struct definitions *definitions, const char *file) {
    struct reading reading = {resources, file};
    const struct definition *definition;
    struct resource *resource;
    char reason[160];
    uid_t uid = 0;

    for (size_t i = 0; i < definitions->count; i++) {
        definition = &definitions->definition[i];
        if (definition->interface.managed && !look_up(definition->interface.owner, &uid)) {
            snprintf(reason, sizeof(reason), "[interface %s]: no user '%s' is known", definition->interface.label,
                     definition->interface.owner);
            tell(&reading, definition->key_line[INTERFACE_KEY_OWNER], reason, "");
            continue;
        }
        resource = resources_add(resources);
        if (!resource) return -ENOMEM;
        resource->definition = definition;
        resource->file = file;
        resource->owner = uid;
    }
    return 0;
}

/* One file; FOLDER NULL: PATH as it was named on the command line.  What is read lasts as long as the process. */
static int read_file(struct resources *resources, const char *folder, const char *path) {
    char name[4096], *file = malloc(sizeof(name)), *text = NULL;
    struct definitions *definitions = calloc(1, sizeof(*definitions));
    struct reading reading = {resources, file};
    size_t size;
    int error;

    if (!file || !definitions) return -ENOMEM;
    snprintf(name, sizeof(name), "%s%s%s", folder ? folder : "", folder ? "/" : "", path);
    interface_printable(name, file, sizeof(name));
    error = folder ? file_read_trusted(folder, path, DEFINITIONS_SIZE, &text, &size)
                   : file_read_plain(path, DEFINITIONS_SIZE, &text, &size);
    if (error) {
        tell_unread(resources, file, error);
    } else {
        error = definitions_read(definitions, text, size, DEFINITIONS_APPLY, tell, &reading);
        if (error == -ENOMEM) return error;
        error = add_definitions(resources, definitions, file);
    }
    free(text);
    return error == -ENOMEM ? error : 0;
}

int resources_read(struct resources *resources, const char *path) {
    struct definitions_folder folder;
    struct stat kind;
    char shown[1024];
    int error;

    if (!stat(path, &kind) && !S_ISDIR(kind.st_mode)) {
        return read_file(resources, NULL, path);
    }
    error = definitions_folder_list(path, &folder);
    if (error) {
        tell_unread(resources, interface_printable(path, shown, sizeof(shown)), error);
        return 0;
    }
    for (size_t i = 0; i < folder.count && !error; i++) {
        error = read_file(resources, path, folder.file[i]->d_name);
    }
    definitions_folder_free(&folder);
    return error;
}

static const struct interface *interface_of(const void *resource) { return &((const struct resource *)resource)->definition->interface; }

static int by_label(const void *a, const void *b) { return strcmp(interface_of(a)->label, interface_of(b)->label); }

static int by_dev(const void *a, const void *b) { return strcmp(interface_of(a)->dev, interface_of(b)->dev); }

static void keep(void *resource __attribute__((unused))) {}

/* The later one of two in different files; those of one file were told when it was read. */
static void refuse(struct resources *resources, struct resource *later, const struct resource *first, enum interface_key key) {
    struct reading reading = {resources, later->file};
    const struct interface *interface = &later->definition->interface;
    char reason[1024];

    snprintf(reason, sizeof(reason), "[interface %s]: %s '%s' is in %.400s:%u already", interface->label,
             key < INTERFACE_KEYS ? "'dev' value" : "the label", key < INTERFACE_KEYS ? interface->dev : interface->label,
             first->file, key < INTERFACE_KEYS ? first->definition->key_line[key] : first->definition->line);
    tell(&reading, key < INTERFACE_KEYS ? later->definition->key_line[key] : later->definition->line, reason, "");
    later->is_removed = true;
}

/* Only with those that are kept: one that is refused declares nothing, so that its device may be another's. */
int resources_check(struct resources *resources) {
    void *labels = NULL, *devs = NULL; /* tsearch(3) */
    int error = 0;
    size_t kept = 0;

    for (size_t i = 0; !error && i < resources->count; i++) {
        struct resource *resource = &resources->resource[i];
        struct resource **same_label = tfind(resource, &labels, by_label), **same_dev = tfind(resource, &devs, by_dev);

        if (same_label || same_dev)
            refuse(resources, resource, same_label ? *same_label : *same_dev, same_label ? INTERFACE_KEYS : INTERFACE_KEY_DEV);
        else if (!tsearch(resource, &labels, by_label) || !tsearch(resource, &devs, by_dev))
            error = -ENOMEM;
    }
    tdestroy(labels, keep);
    tdestroy(devs, keep);
    for (size_t i = 0; i < resources->count; i++)
        if (!resources->resource[i].is_removed) resources->resource[kept++] = resources->resource[i];
    resources->count = kept;
    return error;
}
