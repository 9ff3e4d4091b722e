// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The definitions as tapgrant-apply(8) takes them: the files in the order of their names, under the policy's conditions,
 * what is faultless of each, and of two with one label the first.
 */
#include "cli/list/changes.h"
#include "conf/definitions/definitions.h"
#include "conf/file/file.h"

#include <dirent.h>
#include <pwd.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

static int by_label(const void *a, const void *b) {
    const struct interface *left = a, *right = b;

    return strcmp(left->label, right->label);
}

/* The definitions of one file, into the tree; what is read lasts as long as the process. */
static void read_file(const char *name, void **tree) {
    struct definitions definitions;
    char *text = NULL;
    size_t size;

    if (file_read_trusted(APPLY_FOLDER, name, DEFINITIONS_SIZE, &text, &size)) return;
    (void)!definitions_read(&definitions, text, size, DEFINITIONS_APPLY, NULL, NULL);
    free(text);
    for (size_t i = 0; i < definitions.count; i++) (void)!tsearch(&definitions.definition[i].interface, tree, by_label);
}

static void *read_all(void) {
    struct definitions_folder folder;
    void *tree = NULL;

    if (definitions_folder_list(APPLY_FOLDER, &folder)) {
        return NULL;
    }
    for (size_t i = 0; i < folder.count; i++) {
        read_file(folder.file[i]->d_name, &tree);
    }
    definitions_folder_free(&folder);
    return tree;
}

bool declared_owner(const char *label, const char *dev, uid_t *uid) {
    static void *tree; /* tsearch(3) */
    static bool asked;
    struct interface wanted = {0}, **found;
    const struct passwd *user;
    const char *owner;

    if (!asked) asked = true, tree = read_all();
    if (strlen(label) >= sizeof(wanted.label)) return false;
    memcpy(wanted.label, label, strlen(label));
    found = tfind(&wanted, &tree, by_label);
    if (!found || !(*found)->managed || strcmp((*found)->dev, dev)) return false;
    owner = (*found)->owner;
    if (!owner[strspn(owner, "0123456789")]) return *uid = (uid_t)strtoull(owner, NULL, 10), true;
    user = getpwnam(owner);
    if (user) *uid = user->pw_uid;
    return user;
}
