// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The rules that definitions keep as a whole: between the keys of one, and between definitions.
 */
#include "conf/definitions/definitions.h"
#include "conf/ini/ini.h"
#include "wire/text.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

struct check {
    struct definitions *definitions;
    enum definitions_purpose purpose;
    definitions_fault_fn *fault;
    void *context;
    void *labels; /* tsearch(3): of the definitions before */
    void *devs;   /* as well */
};

static void report(struct check *check,
                   struct definition *definition,
                   unsigned line,
                   const char *reason,
                   const char *hint) {
    definition->faulty = true;
    check->definitions->faults++;
    if (check->fault) {
        check->fault(check->context, line, reason, hint);
    }
}

/* The line of a key, or of the section if the key is not given. */
static unsigned line_of(const struct definition *definition, enum interface_key key) {
    if (key < INTERFACE_KEYS && definition->key_line[key]) {
        return definition->key_line[key];
    }
    return definition->line;
}

/* Does "NAME = VALUE" fit in a line that gives VALUE back? */
static bool is_writable(const char *name, const char *value) {
    size_t length = strlen(value);

    if (!length || strlen(name) + strlen(" = ") + length > INI_LINE) {
        return false;
    }
    if (value[0] == ' ' || value[length - 1] == ' ' || strpbrk(value, ";#")) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (value[i] < ' ' || value[i] > '~') {
            return false;
        }
    }
    return true;
}

/* --net and the import can have values that no file can. */
static void check_writable(struct check *check, struct definition *definition) {
    const struct interface *interface = &definition->interface;
    char reason[120];
    char buffer[INTERFACE_PATH];

    for (enum interface_key key = 0; key < INTERFACE_KEYS; key++) {
        const char *name = interface_key_name(key);

        if (!interface->given[key] || is_writable(name, interface_value(interface, key, buffer))) {
            continue;
        }
        snprintf(reason, sizeof(reason), "'%s' has a value that no line of a file can hold", name);
        report(check, definition, line_of(definition, key), reason,
               "a line has at most 190 printable ASCII bytes, without ; and #");
    }
}

static void check_one(struct check *check, struct definition *definition) {
    struct interface asked = definition->interface;
    struct interface_fault fault;
    unsigned rule = 0;

    if (definition->unclear) {
        return;
    }
    /* a live definition has its generated name, which nobody may ask for */
    if (check->purpose != DEFINITIONS_APPLY) {
        interface_drop_generated(&asked, false);
    }
    if (check->purpose == DEFINITIONS_INACTIVE) {
        definition->interface = asked;
    }
    if (!definition_label_valid(definition->interface.label)) {
        report(check, definition, definition->line,
               "bad label of an interface (1-32 of A-Z a-z 0-9 _ -, not only digits)", "");
    }
    while (interface_check_next(&asked, &rule, &fault)) {
        report(check, definition, line_of(definition, fault.key), fault.reason, fault.hint);
    }
    if (!definition->faulty) {
        check_writable(check, definition);
    }
}

static int by_label(const void *a, const void *b) {
    const struct definition *left = a;
    const struct definition *right = b;

    return strcmp(left->interface.label, right->interface.label);
}

static int by_dev(const void *a, const void *b) {
    const struct definition *left = a;
    const struct definition *right = b;

    return strcmp(left->interface.dev, right->interface.dev);
}

static void check_label_is_new(struct check *check, struct definition *definition) {
    struct definition **earlier = tfind(definition, &check->labels, by_label);
    char reason[120];

    if (!earlier) {
        return;
    }
    snprintf(reason, sizeof(reason), "repeated section: [interface %s] is on line %u",
             definition->interface.label, (*earlier)->line);
    report(check, definition, definition->line, reason, "");
}

static void check_dev_is_new(struct check *check, struct definition *definition) {
    struct definition **earlier = NULL;
    char dev[INTERFACE_DEV * 4];
    char reason[sizeof(dev) + 120];

    if (definition->interface.dev[0]) {
        earlier = tfind(definition, &check->devs, by_dev);
    }
    if (!earlier) {
        return;
    }
    text_printable(definition->interface.dev, dev, sizeof(dev));
    snprintf(reason, sizeof(reason), "'dev' value '%s' is given to two interfaces: see line %u",
             dev, line_of(*earlier, INTERFACE_KEY_DEV));
    report(check, definition, line_of(definition, INTERFACE_KEY_DEV), reason, "");
}

static int remember(struct check *check, struct definition *definition) {
    if (!tsearch(definition, &check->labels, by_label)) {
        return -ENOMEM;
    }
    if (definition->interface.dev[0] && !tsearch(definition, &check->devs, by_dev)) {
        return -ENOMEM;
    }
    return 0;
}

/*
 * Labels and devices that two definitions have: the later one is at fault.  tapgrant-apply goes on
 * with the definitions that have no fault, so there a faulty one takes no label and no device from
 * another.
 */
static int check_new(struct check *check, struct definition *definition) {
    check_label_is_new(check, definition);
    check_dev_is_new(check, definition);
    if (definition->faulty && check->purpose == DEFINITIONS_APPLY) {
        return 0;
    }
    return remember(check, definition);
}

static void do_nothing(void *definition) {
    (void)definition; /* the trees own none */
}

static int check_all_new(struct check *check) {
    int error = 0;

    for (size_t i = 0; i < check->definitions->count && !error; i++) {
        error = check_new(check, &check->definitions->definition[i]);
    }
    tdestroy(check->labels, do_nothing);
    tdestroy(check->devs, do_nothing);
    return error;
}

static void remove_faulty(struct definitions *definitions) {
    size_t kept = 0;

    for (size_t i = 0; i < definitions->count; i++) {
        if (definitions->definition[i].faulty) {
            free(definitions->definition[i].comment);
        } else {
            definitions->definition[kept] = definitions->definition[i];
            kept++;
        }
    }
    definitions->count = kept;
}

int definitions_check(struct definitions *definitions,
                      enum definitions_purpose purpose,
                      definitions_fault_fn *fault,
                      void *context) {
    struct check check = {.definitions = definitions,
                          .purpose = purpose,
                          .fault = fault,
                          .context = context};
    int error;

    for (size_t i = 0; i < definitions->count; i++) {
        check_one(&check, &definitions->definition[i]);
    }
    error = check_all_new(&check);
    remove_faulty(definitions);
    if (error) {
        return error;
    }
    return definitions->faults ? -EINVAL : 0;
}
