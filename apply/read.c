// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Definition files -> items.  Root reads them unattended at every boot: what others can write there would be theirs to
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
    struct items *items;
    const char *file;
};

void item_fail(struct item *item, enum interface_key key, const char *format, ...) {
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(item->plan.reason, sizeof(item->plan.reason), format, arguments);
    va_end(arguments);
    item->plan.hint[0] = 0;
    item->plan.key = key;
    item->plan.action = PLAN_FAIL;
}

void item_hint(struct item *item, const char *format, ...) {
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(item->plan.hint, sizeof(item->plan.hint), format, arguments);
    va_end(arguments);
}

void item_refuse(struct item *item, int error) {
    item->refused = error == -EPERM || error == -EACCES || error == -EROFS;
    if (error == -EPERM || error == -EACCES) item_hint(item, "it needs CAP_NET_ADMIN in this network namespace");
}

const char *item_dev(const struct item *item) {
    return item->definition ? item->definition->interface.dev : item->first.now.name;
}

struct item *items_add(struct items *items) {
    struct item *more;

    if (items->count == items->room) {
        more = reallocarray(items->item, items->room * 2 + 64, sizeof(*more));
        if (!more) return NULL;
        items->item = more;
        items->room = items->room * 2 + 64;
    }
    items->item[items->count] = (struct item){0};
    return &items->item[items->count++];
}

static void tell(void *context, unsigned line, const char *reason, const char *hint) {
    struct reading *reading = context;

    reading->items->faulty = true;
    report_fault(reading->file, line, reason, hint);
}

static void tell_unread(struct items *items, const char *file, int error) {
    char text[160];

    snprintf(text, sizeof(text), "cannot be read: %s", file_reason(error));
    items->faulty = true;
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

static int add_definitions(struct items *items, const struct definitions *definitions, const char *file) {
    struct reading reading = {items, file};
    const struct definition *definition;
    struct item *item;
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
        item = items_add(items);
        if (!item) return -ENOMEM;
        item->definition = definition;
        item->file = file;
        item->uid = uid;
    }
    return 0;
}

/* One file; FOLDER NULL: PATH as it was named on the command line.  What is read lasts as long as the process. */
static int read_file(struct items *items, const char *folder, const char *path) {
    char name[4096], *file = malloc(sizeof(name)), *text = NULL;
    struct definitions *definitions = calloc(1, sizeof(*definitions));
    struct reading reading = {items, file};
    size_t size;
    int error;

    if (!file || !definitions) return -ENOMEM;
    snprintf(name, sizeof(name), "%s%s%s", folder ? folder : "", folder ? "/" : "", path);
    interface_printable(name, file, sizeof(name));
    error = folder ? file_read_trusted(folder, path, DEFINITIONS_SIZE, &text, &size)
                   : file_read_plain(path, DEFINITIONS_SIZE, &text, &size);
    if (error) {
        tell_unread(items, file, error);
    } else {
        error = definitions_read(definitions, text, size, DEFINITIONS_APPLY, tell, &reading);
        if (error == -ENOMEM) return error;
        error = add_definitions(items, definitions, file);
    }
    free(text);
    return error == -ENOMEM ? error : 0;
}

int items_read(struct items *items, const char *path) {
    struct definitions_folder folder;
    struct stat kind;
    char shown[1024];
    int error;

    if (!stat(path, &kind) && !S_ISDIR(kind.st_mode)) {
        return read_file(items, NULL, path);
    }
    error = definitions_folder_list(path, &folder);
    if (error) {
        tell_unread(items, interface_printable(path, shown, sizeof(shown)), error);
        return 0;
    }
    for (size_t i = 0; i < folder.count && !error; i++) {
        error = read_file(items, path, folder.file[i]->d_name);
    }
    definitions_folder_free(&folder);
    return error;
}

static const struct interface *interface_of(const void *item) { return &((const struct item *)item)->definition->interface; }

static int by_label(const void *a, const void *b) { return strcmp(interface_of(a)->label, interface_of(b)->label); }

static int by_dev(const void *a, const void *b) { return strcmp(interface_of(a)->dev, interface_of(b)->dev); }

static void keep(void *item __attribute__((unused))) {}

/* The later one of two in different files; those of one file were told when it was read. */
static void refuse(struct items *items, struct item *later, const struct item *first, enum interface_key key) {
    struct reading reading = {items, later->file};
    const struct interface *interface = &later->definition->interface;
    char reason[1024];

    snprintf(reason, sizeof(reason), "[interface %s]: %s '%s' is in %.400s:%u already", interface->label,
             key < INTERFACE_KEYS ? "'dev' value" : "the label", key < INTERFACE_KEYS ? interface->dev : interface->label,
             first->file, key < INTERFACE_KEYS ? first->definition->key_line[key] : first->definition->line);
    tell(&reading, key < INTERFACE_KEYS ? later->definition->key_line[key] : later->definition->line, reason, "");
    later->removed = true;
}

/* Only with those that are kept: one that is refused declares nothing, so that its device may be another's. */
int items_check(struct items *items) {
    void *labels = NULL, *devs = NULL; /* tsearch(3) */
    int error = 0;
    size_t kept = 0;

    for (size_t i = 0; !error && i < items->count; i++) {
        struct item *item = &items->item[i];
        struct item **same_label = tfind(item, &labels, by_label), **same_dev = tfind(item, &devs, by_dev);

        if (same_label || same_dev)
            refuse(items, item, same_label ? *same_label : *same_dev, same_label ? INTERFACE_KEYS : INTERFACE_KEY_DEV);
        else if (!tsearch(item, &labels, by_label) || !tsearch(item, &devs, by_dev))
            error = -ENOMEM;
    }
    tdestroy(labels, keep);
    tdestroy(devs, keep);
    for (size_t i = 0; i < items->count; i++)
        if (!items->item[i].removed) items->item[kept++] = items->item[i];
    items->count = kept;
    return error;
}
