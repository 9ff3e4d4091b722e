// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Definitions in memory: the rules that they keep as a whole, and their text.
 */
#include "conf/definitions/definitions.h"
#include "conf/policy/policy.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

struct check {
    struct definitions *definitions;
    definitions_fault_fn *fault;
    void *context;
    void *labels, *devs; /* tsearch(3): of those before */
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
    const struct definition *left = a, *right = b;

    return strcmp(left->interface.label, right->interface.label);
}

static int by_dev(const void *a, const void *b) {
    const struct definition *left = a, *right = b;

    return strcmp(left->interface.dev, right->interface.dev);
}

static void keep(void *definition __attribute__((unused))) {}

/* DEFINITION's label, and its device if it names one, among those of the ones before it. */
static void compare(struct check *check, struct definition *definition) {
    struct definition **label = tfind(definition, &check->labels, by_label);
    struct definition **device = definition->interface.dev[0] ? tfind(definition, &check->devs, by_dev) : NULL;
    char reason[640], dev[INTERFACE_DEV * 4];

    if (label) {
        snprintf(reason, sizeof(reason), "repeated section: [interface %s] is on line %u", definition->interface.label,
                 (*label)->line);
        report(check, definition, definition->line, reason, "");
    }
    if (device) {
        interface_printable(definition->interface.dev, dev, sizeof(dev));
        snprintf(reason, sizeof(reason), "'dev' value '%s' is given to two interfaces: see line %u", dev,
                 line_of(*device, INTERFACE_KEY_DEV));
        report(check, definition, line_of(definition, INTERFACE_KEY_DEV), reason, "");
    }
}

/*
 * Labels and devices that two have: the later one is at fault.  With tapgrant-apply, which goes on with what is faultless,
 * not if the other one is itself: it is not kept, and declares nothing.
 */
static int check_twice(struct check *check, enum definitions_purpose purpose) {
    int error = 0;

    for (size_t i = 0; !error && i < check->definitions->count; i++) {
        struct definition *definition = &check->definitions->definition[i];

        compare(check, definition);
        if (definition->faulty && purpose == DEFINITIONS_APPLY) continue;
        if (!tsearch(definition, &check->labels, by_label)) error = -ENOMEM;
        if (definition->interface.dev[0] && !tsearch(definition, &check->devs, by_dev)) error = -ENOMEM;
    }
    tdestroy(check->labels, keep);
    tdestroy(check->devs, keep);
    return error;
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
    struct check check = {.definitions = definitions, .fault = fault, .context = context};
    int error;

    for (size_t i = 0; i < definitions->count; i++) check_one(&check, &definitions->definition[i], purpose);
    error = check_twice(&check, purpose);
    remove_faulty(definitions);
    return error ? error : definitions->faults ? -EINVAL : 0;
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
