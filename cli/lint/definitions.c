// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * lint's other language: definitions of interfaces, a user's or the administrator's.  What
 * tapgrant-apply would refuse of the administrator's is a fault.
 */
#include "conf/definitions/definitions.h"
#include "cli/lint/lint.h"
#include "cli/shared/host_bridge.h"
#include "wire/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FILE_NAME 1024 /* bytes, as it is shown */

/* A file whose definitions are kept, because those of the next file must not repeat them. */
struct lint_kept {
    struct lint_kept *next;
    struct definitions definitions;
    struct definition_place *places;
    char file[FILE_NAME];
};

static bool has_line_that_begins(const struct lint *lint, const char *word) {
    struct lint_line line = {.text = NULL};
    size_t length = strlen(word);

    while (lint_next_line(lint, &line)) {
        if (line.length >= length && !memcmp(line.text, word, length)) {
            return true;
        }
    }
    return false;
}

bool lint_has_definitions(const struct lint *lint) {
    return has_line_that_begins(lint, "[interface") && !has_line_that_begins(lint, "[rule");
}

static void take_fault(void *context, unsigned line, const char *reason, const char *hint) {
    if (*hint) {
        lint_fault(context, line, "%s (%s)", reason, hint);
    } else {
        lint_fault(context, line, "%s", reason);
    }
}

/* A file with one owner in it can only be meant for tapgrant-apply. */
static enum definitions_purpose purpose_of(const struct lint *lint, enum lint_place place) {
    if (place == LINT_DECLARED || has_line_that_begins(lint, "owner")) {
        return DEFINITIONS_APPLY;
    }
    return DEFINITIONS_LIVE;
}

static void check_owner(struct lint *lint, const struct definition *definition) {
    const struct interface *interface = &definition->interface;
    char reason[DEFINITION_REASON];
    uid_t uid;

    if (interface->managed && !definition_find_owner(interface->owner, &uid)) {
        definition_unknown_owner(interface, reason);
        lint_fault(lint, definition->key_line[INTERFACE_KEY_OWNER], "%s", reason);
    }
}

static void check_bridge(struct lint *lint, const struct definition *definition) {
    const struct interface *interface = &definition->interface;
    struct host_bridge bridge;

    if (!interface->managed || !interface->bridge[0]) {
        return;
    }
    bridge = host_bridge_look(interface->bridge);
    if (!bridge.facts.exists && !bridge.error) {
        lint_fault(lint, definition->key_line[INTERFACE_KEY_BRIDGE],
                   "[interface %s]: bridge %s: %s", interface->label, interface->bridge,
                   bridge.is_link ? "is no bridge" : "there is none");
    }
}

/* Is its label, or its tap, another file's? */
static int check_repeated(struct lint *lint, struct definition_place *place) {
    struct definition_repeated repeated;
    int error = definitions_know(&lint->known, place, &repeated);

    if (error != -EEXIST) {
        return error;
    }
    lint_fault(lint, repeated.line, "%s", repeated.reason);
    return 0;
}

static int check_declared(struct lint *lint, struct lint_kept *kept) {
    struct definitions *definitions = &kept->definitions;
    int error = 0;

    kept->places = calloc(definitions->count + 1, sizeof(*kept->places));
    if (!kept->places) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < definitions->count && !error; i++) {
        const struct definition *definition = &definitions->definition[i];

        kept->places[i] = (struct definition_place){definition, kept->file};
        if (!lint->options->syntax) {
            check_owner(lint, definition);
            check_bridge(lint, definition);
        }
        error = check_repeated(lint, &kept->places[i]);
    }
    return error;
}

void lint_definitions(struct lint *lint, enum lint_place place) {
    enum definitions_purpose purpose = purpose_of(lint, place);
    struct lint_kept *kept = calloc(1, sizeof(*kept));
    int error;

    if (!kept) {
        lint_fault(lint, 0, "%s", strerror(ENOMEM));
        return;
    }
    text_printable(lint->file, kept->file, sizeof(kept->file));
    kept->next = lint->kept;
    lint->kept = kept;
    error = definitions_read(&kept->definitions, lint->text, lint->size, purpose, take_fault, lint);
    if (error && kept->definitions.faults) {
        error = 0; /* they are told; the definitions without a fault are there */
    }
    if (!error && purpose == DEFINITIONS_APPLY) {
        error = check_declared(lint, kept);
    }
    if (error) {
        lint_fault(lint, 0, "%s", strerror(-error));
    }
}

void lint_forget_definitions(struct lint *lint) {
    definitions_forget(&lint->known);
    while (lint->kept) {
        struct lint_kept *kept = lint->kept;

        lint->kept = kept->next;
        definitions_free(&kept->definitions);
        free(kept->places);
        free(kept);
    }
}
