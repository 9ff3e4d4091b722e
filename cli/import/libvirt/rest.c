// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What of an <interface> becomes a key, and what is left of it.
 */
#include "cli/import/libvirt/interface.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

const struct carried import_carried[CARRIED] = {{"target", "managed", INTERFACE_KEY_MANAGED},
                                                {"target", "dev", INTERFACE_KEY_DEV},
                                                {"source", "bridge", INTERFACE_KEY_BRIDGE},
                                                {"mac", "address", INTERFACE_KEY_GUEST_MAC},
                                                {"mtu", "size", INTERFACE_KEY_MTU},
                                                {"driver", "queues", INTERFACE_KEY_QUEUES},
                                                {"model", "type", INTERFACE_KEY_VNET_HDR},
                                                {"script", "path", INTERFACE_KEY_SCRIPT},
                                                {"downscript", "path", INTERFACE_KEY_DOWNSCRIPT}};

/* The guest's side of the interface: its domain keeps it. */
static const char *const guest_elements[] = {"model", "driver", "address", "alias", "boot",
                                             "rom",   "acpi",   "guest",   "link",  "teaming"};

static bool is_of_guest(const xmlNode *node) {
    for (size_t i = 0; i < sizeof(guest_elements) / sizeof(guest_elements[0]); i++) {
        if (!strcmp((const char *)node->name, guest_elements[i])) {
            return true;
        }
    }
    return false;
}

/* Has NODE's element an attribute that becomes a key? */
static bool is_carried(const xmlNode *node) {
    for (size_t i = 0; i < CARRIED; i++) {
        if (import_xml_is(node, import_carried[i].element)) {
            return true;
        }
    }
    return false;
}

/* Only the first element of a name became keys. */
static bool is_taken(const struct source *source, const xmlNode *node, const xmlAttr *attribute) {
    const char *element = (const char *)node->name;
    const char *name = (const char *)attribute->name;

    if (attribute->ns || import_xml_first(source->node, element) != node) {
        return false;
    }
    for (size_t i = 0; i < CARRIED; i++) {
        const struct carried *carried = &import_carried[i];

        if (!strcmp(element, carried->element) && !strcmp(name, carried->attribute)) {
            return source->is_taken[carried->key];
        }
    }
    return false;
}

__attribute__((format(printf, 2, 3))) static void add(FILE *list, const char *format, ...) {
    va_list arguments;

    if (ftell(list)) {
        fputs(", ", list);
    }
    va_start(arguments, format);
    vfprintf(list, format, arguments);
    va_end(arguments);
}

/* "vlan", "target again", "model type 'rtl8139'": all of NODE that did not become a key. */
static void add_element(FILE *list, const struct source *source, const xmlNode *node) {
    const char *name = (const char *)node->name;

    if (!is_carried(node)) {
        add(list, "%s", name);
        return;
    }
    for (const xmlAttr *attribute = node->properties; attribute; attribute = attribute->next) {
        char *value = (char *)xmlNodeGetContent((const xmlNode *)attribute);

        if (!is_taken(source, node, attribute)) {
            add(list, "%s %s '%.100s'", name, attribute->name, value ? value : "");
        }
        free(value);
    }
    for (const xmlNode *child = node->children; child; child = child->next) {
        if (child->type == XML_ELEMENT_NODE) {
            add(list, "%s %s", name, child->name);
        }
    }
}

static void add_elements(FILE *list, const struct source *source, bool of_guest) {
    for (const xmlNode *node = source->node->children; node; node = node->next) {
        if (node->type == XML_ELEMENT_NODE && is_of_guest(node) == of_guest) {
            add_element(list, source, node);
        }
    }
}

/* Those of <interface> itself. */
static void add_attributes(FILE *list, const struct source *source) {
    for (const xmlAttr *one = source->node->properties; one; one = one->next) {
        if (one->ns || strcmp((const char *)one->name, "type")) {
            add(list, "%s", one->name);
        }
    }
}

static void note_side(const struct source *source, const char *label, bool of_guest) {
    const char *what = of_guest ? "left to the guest's device" : "not carried";
    char *text = NULL;
    size_t size;
    FILE *list = open_memstream(&text, &size);

    if (!list) {
        return;
    }
    if (!of_guest) {
        add_attributes(list, source);
    }
    add_elements(list, source, of_guest);
    fclose(list);
    if (text && *text) {
        import_note(source->import, import_xml_line(source->node), "%s: %s: %s", label, what, text);
    }
    free(text);
}

void import_note_rest(const struct source *source, const char *label) {
    note_side(source, label, false);
    note_side(source, label, true);
}
