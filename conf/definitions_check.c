// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Definitions in memory: the rules that they keep as a whole, and their text.
 */
#include "definitions.h"
#include "policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct check {
    struct definitions *definitions;
    definitions_fault_fn *fault;
    void *context;
};

bool definition_label_valid(const char *label) {
    size_t length = strlen(label);

    return length && length < INTERFACE_LABEL && strspn(label, POLICY_NAME) == length && label[strspn(label, "0123456789")];
}

struct definition *definitions_add(struct definitions *definitions, enum definitions_purpose purpose) {
    struct definition *definition;

    if (definitions->count == definitions->room) {
        definition = reallocarray(definitions->definition, definitions->room * 2 + 8, sizeof(*definition));
        if (!definition) return NULL;
        definitions->definition = definition;
        definitions->room = definitions->room * 2 + 8;
    }
    definition = &definitions->definition[definitions->count++];
    *definition = (struct definition){0};
    interface_init(&definition->interface);
    definition->interface.purpose = purpose == DEFINITIONS_APPLY ? INTERFACE_APPLY : INTERFACE_USER;
    return definition;
}

void definitions_free(struct definitions *definitions) {
    for (size_t i = 0; i < definitions->count; i++) free(definitions->definition[i].comment);
    free(definitions->definition);
    *definitions = (struct definitions){0};
}

static void report(struct check *check, struct definition *definition, unsigned line, const char *reason, const char *hint) {
    definition->faulty = true;
    check->definitions->faults++;
    if (check->fault) check->fault(check->context, line, reason, hint);
}

/* The line of a key, or of the section where there is none. */
static unsigned line_of(const struct definition *definition, enum interface_key key) {
    return key < INTERFACE_KEYS && definition->key_line[key] ? definition->key_line[key] : definition->line;
}

/* Can one line of a file hold each value, and give it back? */
static void check_writable(struct check *check, struct definition *definition) {
    char reason[120], buffer[INTERFACE_PATH];

    for (enum interface_key key = 0; key < INTERFACE_KEYS; key++) {
        const char *value = definition->interface.given[key] ? interface_value(&definition->interface, key, buffer) : "x";
        const char *name = interface_key_name(key);
        size_t length = strlen(value);
        bool printable = true;

        for (size_t i = 0; i < length; i++) printable &= value[i] >= ' ' && value[i] <= '~';
        if (length && printable && strlen(name) + 3 + length <= DEFINITIONS_LINE && !value[strcspn(value, ";#")] &&
            value[0] != ' ' && value[length - 1] != ' ')
            continue;
        snprintf(reason, sizeof(reason), "'%s' has a value that no line of a file can hold", name);
        report(check, definition, line_of(definition, key), reason,
               "a line has at most 190 printable ASCII bytes, without ; and #");
    }
}

static void check_one(struct check *check, struct definition *definition, enum definitions_purpose purpose) {
    struct interface asked = definition->interface;
    struct interface_fault fault;
    unsigned rule = 0;

    if (definition->unclear) return;
    /* a live definition has its generated name, which nobody may ask for */
    if (purpose != DEFINITIONS_APPLY) interface_drop_generated(&asked, false);
    if (purpose == DEFINITIONS_INACTIVE) definition->interface = asked;
    if (!definition_label_valid(definition->interface.label))
        report(check, definition, definition->line, "bad label of an interface (1-32 of A-Z a-z 0-9 _ -, not only digits)", "");
    while (interface_check_next(&asked, &rule, &fault))
        report(check, definition, line_of(definition, fault.key), fault.reason, fault.hint);
    if (!definition->faulty) check_writable(check, definition);
}

static int by_label(const void *a, const void *b) {
    const struct definition *const *left = a, *const *right = b;
    int order = strcmp((*left)->interface.label, (*right)->interface.label);

    return order ? order : (*left > *right) - (*left < *right);
}

static int by_dev(const void *a, const void *b) {
    const struct definition *const *left = a, *const *right = b;
    int order = strcmp((*left)->interface.dev, (*right)->interface.dev);

    return order ? order : (*left > *right) - (*left < *right);
}

/* Labels and devices that two have: the later one is at fault. */
static void check_twice(struct check *check, struct definition **sorted, size_t count) {
    char reason[640], dev[INTERFACE_DEV * 4];

    qsort(sorted, count, sizeof(struct definition *), by_label);
    for (size_t i = 1; i < count; i++) {
        if (strcmp(sorted[i - 1]->interface.label, sorted[i]->interface.label)) continue;
        snprintf(reason, sizeof(reason), "repeated section: [interface %s] is on line %u", sorted[i]->interface.label,
                 sorted[i - 1]->line);
        report(check, sorted[i], sorted[i]->line, reason, "");
    }
    qsort(sorted, count, sizeof(struct definition *), by_dev);
    for (size_t i = 1; i < count; i++) {
        if (!sorted[i]->interface.dev[0] || strcmp(sorted[i - 1]->interface.dev, sorted[i]->interface.dev)) continue;
        interface_printable(sorted[i]->interface.dev, dev, sizeof(dev));
        snprintf(reason, sizeof(reason), "'dev' value '%s' is given to two interfaces: see line %u", dev,
                 line_of(sorted[i - 1], INTERFACE_KEY_DEV));
        report(check, sorted[i], line_of(sorted[i], INTERFACE_KEY_DEV), reason, "");
    }
}

static void remove_faulty(struct definitions *definitions) {
    size_t kept = 0;

    for (size_t i = 0; i < definitions->count; i++) {
        if (definitions->definition[i].faulty)
            free(definitions->definition[i].comment);
        else
            definitions->definition[kept++] = definitions->definition[i];
    }
    definitions->count = kept;
}

int definitions_check(struct definitions *definitions, enum definitions_purpose purpose, definitions_fault_fn *fault,
                      void *context) {
    struct check check = {definitions, fault, context};
    struct definition **sorted = calloc(definitions->count + 1, sizeof(struct definition *));

    if (!sorted) return -ENOMEM;
    for (size_t i = 0; i < definitions->count; i++) {
        sorted[i] = &definitions->definition[i];
        check_one(&check, sorted[i], purpose);
    }
    check_twice(&check, sorted, definitions->count);
    free(sorted);
    remove_faulty(definitions);
    return definitions->faults ? -EINVAL : 0;
}

void definitions_write_comment(const char *text, FILE *out) {
    while (*text) {
        size_t length = strcspn(text, "\n"), room = DEFINITIONS_LINE - 2;

        fputs("; ", out);
        for (size_t i = 0; i < length && i < room; i++) fputc(text[i] >= ' ' && text[i] <= '~' ? text[i] : '?', out);
        fputc('\n', out);
        text += length > room ? room : length + !!text[length];
    }
}

void definitions_write(const struct definitions *definitions, FILE *out) {
    char buffer[INTERFACE_PATH];

    for (size_t i = 0; i < definitions->count; i++) {
        const struct definition *definition = &definitions->definition[i];

        if (i) fputc('\n', out);
        if (definition->comment) definitions_write_comment(definition->comment, out);
        fprintf(out, "[interface %s]\n", definition->interface.label);
        for (enum interface_key key = 0; key < INTERFACE_KEYS; key++)
            if (definition->interface.given[key])
                fprintf(out, "%s = %s\n", interface_key_name(key), interface_value(&definition->interface, key, buffer));
    }
}
