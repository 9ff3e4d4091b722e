/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within the import of libvirt's documents: one <interface>. */
#pragma once

#include "cli/import/libvirt/xml.h"

enum kind {
    ETHERNET,
    BRIDGE,
    OTHER
};

/* An <interface> on its way into a definition. */
struct source {
    struct import *import;
    struct definition *definition;
    const xmlNode *node;
    enum kind kind;
    bool is_unmanaged;
    bool is_virtio;
    bool is_taken[INTERFACE_KEYS]; /* the key says all of the attribute: nothing is left to note */
};

/* What becomes a key: an attribute of the first element of a name. */
struct carried {
    const char *element;
    const char *attribute;
    enum interface_key key;
};

#define CARRIED 9
extern const struct carried import_carried[CARRIED];

/* Adds the definition of NODE, or tells as a note or a fault why there is none.  -ENOMEM. */
CHECKED int import_interface(struct import *import, const xmlNode *node, const char *label);

/* Notes what of the interface did not become a key. */
void import_note_rest(const struct source *source, const char *label);
