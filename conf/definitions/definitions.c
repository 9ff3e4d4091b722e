// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Definitions in memory, and their text.
 */
#include "conf/definitions/definitions.h"
#include "conf/ini/ini.h"

#include <stdlib.h>
#include <string.h>

#define COMMENT "; "

bool definition_label_valid(const char *label) {
    return wire_word_valid(label) && label[strspn(label, "0123456789")];
}

void definition_init(struct definition *definition, enum definitions_purpose purpose) {
    *definition = (struct definition){0};
    interface_init(&definition->interface);
    if (purpose == DEFINITIONS_APPLY) {
        definition->interface.purpose = INTERFACE_APPLY;
    }
}

static bool make_room(struct definitions *definitions) {
    size_t room = definitions->room * 2 + 8;
    struct definition *larger;

    if (definitions->count < definitions->room) {
        return true;
    }
    larger = reallocarray(definitions->definition, room, sizeof(*larger));
    if (!larger) {
        return false;
    }
    definitions->definition = larger;
    definitions->room = room;
    return true;
}

struct definition *definitions_add(struct definitions *definitions,
                                   enum definitions_purpose purpose) {
    struct definition *definition;

    if (!make_room(definitions)) {
        return NULL;
    }
    definition = &definitions->definition[definitions->count];
    definitions->count++;
    definition_init(definition, purpose);
    return definition;
}

void definitions_free(struct definitions *definitions) {
    for (size_t i = 0; i < definitions->count; i++) {
        free(definitions->definition[i].comment);
    }
    free(definitions->definition);
    *definitions = (struct definitions){0};
}

static void write_comment_line(const char *text, size_t length, FILE *out) {
    fputs(COMMENT, out);
    for (size_t i = 0; i < length; i++) {
        fputc(text[i] >= ' ' && text[i] <= '~' ? text[i] : '?', out);
    }
    fputc('\n', out);
}

void definitions_write_comment(const char *text, FILE *out) {
    const size_t room = INI_LINE - strlen(COMMENT);

    while (*text) {
        size_t length = strcspn(text, "\n");

        if (length > room) {
            write_comment_line(text, room, out);
            text += room;
            continue;
        }
        write_comment_line(text, length, out);
        text += length;
        if (*text == '\n') {
            text++;
        }
    }
}

static void write_definition(const struct definition *definition, FILE *out) {
    const struct interface *interface = &definition->interface;
    char buffer[INTERFACE_PATH];

    if (definition->comment) {
        definitions_write_comment(definition->comment, out);
    }
    fprintf(out, "[interface %s]\n", interface->label);
    for (enum interface_key key = 0; key < INTERFACE_KEYS; key++) {
        if (interface->given[key]) {
            fprintf(out, "%s = %s\n", interface_key_name(key),
                    interface_value(interface, key, buffer));
        }
    }
}

void definitions_write(const struct definitions *definitions, FILE *out) {
    for (size_t i = 0; i < definitions->count; i++) {
        if (i > 0) {
            fputc('\n', out);
        }
        write_definition(&definitions->definition[i], out);
    }
}
