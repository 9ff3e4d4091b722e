// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The text of a definition file -> definitions.  As in the policy each line is checked before inih sees it, and one that
 * could be read in two ways never gets there; here the cause is that a guest's disk may stay but its network must not
 * silently be another one.  A fault takes only its own definition away: who wants all or nothing asks for the result.
 */
#include "conf/definitions/definitions.h"

#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

struct parser {
    struct definitions *definitions;
    struct definition outside; /* takes the keys of a section that is none, for their own faults */
    struct definition *current;
    enum definitions_purpose purpose;
    const char *next, *end;
    unsigned line;
    bool no_memory;
    definitions_fault_fn *fault;
    void *context;
};

static void report(struct parser *parser, unsigned line, const char *reason, const char *hint) {
    parser->definitions->faults++;
    if (parser->fault) parser->fault(parser->context, line, reason, hint);
}

/* inih's handler: one key and its value.  Of the section check_line() knows. */
static int take_key(void *context, const char *section __attribute__((unused)), const char *name, const char *value) {
    struct parser *parser = context;
    struct definition *current = parser->current;
    struct interface_fault fault;
    int failed;

    if (!name) return 1; /* a new section, of which an option of inih tells */
    if (!current) {
        report(parser, parser->line, "key before a section", "");
        return 1;
    }
    failed = interface_set(&current->interface, name, value, &fault);
    for (enum interface_key key = 0; key < INTERFACE_KEYS; key++)
        if (current->interface.given[key] && !current->key_line[key]) current->key_line[key] = parser->line;
    if (!failed) return 1;
    report(parser, parser->line, fault.reason, fault.hint);
    current->faulty = true;
    current->unclear |= fault.key <= INTERFACE_KEY_BRIDGE;
    return 1;
}

/* What follows is of no definition. */
static void begin_nothing(struct parser *parser) {
    parser->outside = (struct definition){.faulty = true, .unclear = true};
    interface_init(&parser->outside.interface);
    parser->outside.interface.purpose = parser->purpose == DEFINITIONS_APPLY ? INTERFACE_APPLY : INTERFACE_USER;
    parser->current = &parser->outside;
}

/* [interface LABEL]. */
static const char *begin_definition(struct parser *parser, const char *line, size_t length) {
    char label[INTERFACE_LABEL] = "";
    size_t size = length > 12 ? length - 12 : 0;

    begin_nothing(parser);
    if (length < 12 || memcmp(line, "[interface ", 11) || line[length - 1] != ']') return "unknown section, or text after ]";
    if (size < sizeof(label)) memcpy(label, line + 11, size);
    if (!definition_label_valid(label)) return "bad label of an interface (1-32 of A-Z a-z 0-9 _ -, not only digits)";
    if (parser->definitions->count == DEFINITIONS_MAX) return "more than 4096 interfaces in one file";
    parser->current = definitions_add(parser->definitions, parser->purpose);
    if (!parser->current) {
        begin_nothing(parser);
        parser->no_memory = true;
        return NULL;
    }
    memcpy(parser->current->interface.label, label, sizeof(label));
    parser->current->line = parser->line;
    return NULL;
}

/* What is wrong with a line, before inih sees it. */
static const char *check_line(struct parser *parser, const char *line, size_t length) {
    size_t key = 0;

    if (line + length == parser->end) return "no newline at the end of the file";
    if (length > DEFINITIONS_LINE) return "line of over 190 bytes";
    for (size_t i = 0; i < length; i++)
        if (line[i] < ' ' || line[i] > '~') return "control or non-ASCII byte";
    if (!length || line[0] == ';' || line[0] == '#') return NULL;
    if (line[0] == ' ') return "leading blank";
    if (line[0] == '[') return begin_definition(parser, line, length);
    if (memchr(line, ';', length) || memchr(line, '#', length)) return "a comment stands on a line of its own";
    while (key < length && strchr("abcdefghijklmnopqrstuvwxyz-", line[key])) key++;
    if (!key) return "no [section], no key = value, no ; comment";
    while (key < length && line[key] == ' ') key++;
    return key < length && line[key] == '=' ? NULL : "no [section], no key = value, no ; comment";
}

/* inih's reader: the next line, or an empty one in the place of a faulty one. */
static char *read_line(char *out, int size, void *stream) {
    struct parser *parser = stream;
    const char *line = parser->next, *newline = memchr(line, '\n', (size_t)(parser->end - line)), *reason;
    size_t length = (size_t)((newline ? newline : parser->end) - line);

    if (line == parser->end) return NULL;
    parser->next = newline ? newline + 1 : parser->end;
    parser->line++;
    reason = check_line(parser, line, length);
    if (!reason && length + 2 > (size_t)size) reason = "longer than inih reads";
    if (reason) {
        report(parser, parser->line, reason, "");
        if (length && line[0] == '[') begin_nothing(parser);
        if (parser->current) parser->current->faulty = parser->current->unclear = true;
    }
    snprintf(out, (size_t)size, "%.*s\n", reason ? 0 : (int)length, line);
    return out;
}

int definitions_read(struct definitions *definitions, const char *text, size_t size, enum definitions_purpose purpose,
                     definitions_fault_fn *fault, void *context) {
    struct parser parser = {.definitions = definitions, .purpose = purpose, .next = text, .end = text + size,
                            .fault = fault, .context = context};
    int error;

    *definitions = (struct definitions){0};
    if (ini_parse_stream(read_line, &parser, take_key, &parser)) report(&parser, parser.line, "not read by inih", "");
    if (parser.no_memory) return -ENOMEM;
    error = definitions_check(definitions, purpose, fault, context);
    return error ? error : definitions->faults ? -EINVAL : 0;
}
