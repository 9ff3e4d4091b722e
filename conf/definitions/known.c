// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What definitions need beside their own text: labels and taps that no other file declares, and
 * owners whom the host knows.
 * Hostile here: nothing.  Privilege held: none, or root's in tapgrant-apply.
 */
#include "conf/definitions/definitions.h"

#include <errno.h>
#include <pwd.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct interface *interface_of(const void *node) {
    const struct definition_place *place = node;

    return &place->definition->interface;
}

static int compare_labels(const void *a, const void *b) {
    return strcmp(interface_of(a)->label, interface_of(b)->label);
}

static int compare_devs(const void *a, const void *b) {
    return strcmp(interface_of(a)->dev, interface_of(b)->dev);
}

static int keep(struct definitions_known *known, const struct definition_place *place) {
    if (!tsearch(place, &known->by_label, compare_labels)) {
        return -ENOMEM;
    }
    return tsearch(place, &known->by_dev, compare_devs) ? 0 : -ENOMEM;
}

static void write_label(const struct definition_place *later,
                        const struct definition_place *first,
                        struct definition_repeated *repeated) {
    const struct interface *interface = &later->definition->interface;

    repeated->line = later->definition->line;
    snprintf(repeated->reason, sizeof(repeated->reason),
             "[interface %s]: the label '%s' is in %.400s:%u already", interface->label,
             interface->label, first->file, first->definition->line);
}

static void write_dev(const struct definition_place *later,
                      const struct definition_place *first,
                      struct definition_repeated *repeated) {
    const struct interface *interface = &later->definition->interface;

    repeated->line = later->definition->key_line[INTERFACE_KEY_DEV];
    snprintf(repeated->reason, sizeof(repeated->reason),
             "[interface %s]: 'dev' value '%s' is in %.400s:%u already", interface->label,
             interface->dev, first->file, first->definition->key_line[INTERFACE_KEY_DEV]);
}

int definitions_know(struct definitions_known *known,
                     const struct definition_place *place,
                     struct definition_repeated *repeated) {
    struct definition_place **label = tfind(place, &known->by_label, compare_labels);
    struct definition_place **dev = tfind(place, &known->by_dev, compare_devs);

    if (label) {
        write_label(place, *label, repeated);
        return -EEXIST;
    }
    if (dev) {
        write_dev(place, *dev, repeated);
        return -EEXIST;
    }
    return keep(known, place);
}

/* For tdestroy(3): the places are not the trees'. */
static void do_nothing(void *place __attribute__((unused))) {
}

void definitions_forget(struct definitions_known *known) {
    tdestroy(known->by_label, do_nothing);
    tdestroy(known->by_dev, do_nothing);
    *known = (struct definitions_known){NULL, NULL};
}

static bool parse_id(const char *owner, uid_t *uid) {
    unsigned long long id = strtoull(owner, NULL, 10);

    *uid = (uid_t)id;
    /* no user has the id (uid_t)-1 */
    return id < UINT32_MAX;
}

bool definition_find_owner(const char *owner, uid_t *uid) {
    const struct passwd *user;

    if (!owner[strspn(owner, "0123456789")]) {
        return parse_id(owner, uid);
    }
    user = getpwnam(owner);
    if (user) {
        *uid = user->pw_uid;
    }
    return user;
}

void definition_unknown_owner(const struct interface *interface, char reason[DEFINITION_REASON]) {
    snprintf(reason, DEFINITION_REASON, "[interface %s]: no user '%s' is known", interface->label,
             interface->owner);
}
