// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The text of a definition file -> definitions.  A line that is misread must not connect a guest
 * to another network, so a definition with a fault is not kept.  The others are: a caller that
 * wants all or nothing looks at the result.
 * Hostile here: the file may be anybody's.  Privilege held: none, or root's in tapgrant-apply.
 */
#include "conf/definitions/definitions.h"
#include "conf/ini/ini.h"

#include <errno.h>
#include <string.h>

struct parser {
    struct definitions *definitions;
    enum definitions_purpose purpose;
    struct definition outside;  /* takes the keys behind a faulty section, for their own faults */
    struct definition *current; /* NULL: before the first section */
    bool is_out_of_memory;
    definitions_fault_fn *fault;
    void *context;
};

static void report(struct parser *parser, unsigned line, const char *reason, const char *hint) {
    parser->definitions->faults++;
    if (parser->fault) {
        parser->fault(parser->context, line, reason, hint);
    }
}

/* The lines that follow belong to no definition. */
static void begin_nothing(struct parser *parser) {
    definition_init(&parser->outside, parser->purpose);
    parser->outside.faulty = true;
    parser->outside.unclear = true;
    parser->current = &parser->outside;
}

static const char *take_section(void *context, unsigned line, const char *label) {
    struct parser *parser = context;
    struct definition *definition;

    begin_nothing(parser);
    if (!label) {
        return "unknown section, or text after ] (a section is [interface LABEL])";
    }
    if (!definition_label_valid(label)) {
        return "bad label of an interface (1-32 of A-Z a-z 0-9 _ -, not only digits)";
    }
    if (parser->definitions->count == DEFINITIONS_MAX) {
        return "more than 4096 interfaces in one file";
    }
    definition = definitions_add(parser->definitions, parser->purpose);
    if (!definition) {
        parser->is_out_of_memory = true;
        return NULL;
    }
    memcpy(definition->interface.label, label, strlen(label));
    definition->line = line;
    parser->current = definition;
    return NULL;
}

/* A key that is given has its line, whether its value is good or not. */
static void keep_line(struct definition *definition, unsigned line) {
    for (enum interface_key key = 0; key < INTERFACE_KEYS; key++) {
        if (definition->interface.given[key] && !definition->key_line[key]) {
            definition->key_line[key] = line;
        }
    }
}

static void take_key(void *context, unsigned line, const char *name, const char *value) {
    struct parser *parser = context;
    struct definition *current = parser->current;
    struct interface_fault fault;
    int error;

    if (!current) {
        report(parser, line, "key before a section ([interface LABEL] begins one)", "");
        begin_nothing(parser); /* so it is said once, and not of each further key */
        return;
    }
    error = interface_set(&current->interface, name, value, &fault);
    keep_line(current, line);
    if (!error) {
        return;
    }
    report(parser, line, fault.reason, fault.hint);
    current->faulty = true;
    /* these decide which rules there are between the keys: dev, type, managed, bridge */
    if (fault.key <= INTERFACE_KEY_BRIDGE) {
        current->unclear = true;
    }
}

/* What the line was to say is not known, so nothing is known of its definition as a whole. */
static void take_fault(void *context, unsigned line, const char *reason) {
    struct parser *parser = context;

    report(parser, line, reason, "");
    if (parser->current) {
        parser->current->faulty = true;
        parser->current->unclear = true;
    }
}

int definitions_read(struct definitions *definitions,
                     const char *text,
                     size_t size,
                     enum definitions_purpose purpose,
                     definitions_fault_fn *fault,
                     void *context) {
    struct parser parser = {.definitions = definitions,
                            .purpose = purpose,
                            .fault = fault,
                            .context = context};
    const struct ini_handler handler = {.kind = "interface",
                                        .context = &parser,
                                        .section = take_section,
                                        .key = take_key,
                                        .fault = take_fault};
    int lines_error;
    int error;

    *definitions = (struct definitions){0};
    lines_error = ini_read(text, size, &handler);
    if (parser.is_out_of_memory) {
        return -ENOMEM;
    }
    error = definitions_check(definitions, purpose, fault, context);
    return error ? error : lines_error;
}
