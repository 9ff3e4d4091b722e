// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/shared/interfaces.h"
#include "cli/definitions/read.h"
#include "cli/shared/options.h"
#include "wire/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(INTERFACES_MAX == OPTIONS_VALUES, "as many --net as interfaces");

/*
 * Writes what the library gets for the Nth interface: its specification as it was WRITTEN, or anew
 * where there is none or where it names scripts.  False: out of memory.
 */
static bool write_spec(struct interfaces *interfaces, size_t n, const char *written) {
    struct interface wanted = interfaces->wanted[n];
    char text[INTERFACE_SPEC];
    bool has_script = wanted.given[INTERFACE_KEY_SCRIPT] || wanted.given[INTERFACE_KEY_DOWNSCRIPT];

    if (!written || has_script) {
        wanted.given[INTERFACE_KEY_SCRIPT] = false;
        wanted.given[INTERFACE_KEY_DOWNSCRIPT] = false;
        written = interface_format(&wanted, text);
    }
    free(interfaces->spec[n]);
    interfaces->spec[n] = strdup(written);
    return interfaces->spec[n];
}

static int out_of_memory(const struct interfaces *interfaces) {
    struct tapgrant_error failure = {.code = TAPGRANT_FAILED,
                                     .object = "tapgrant",
                                     .reason = "out of memory"};

    return output_error(&failure, interfaces->json);
}

static int take_specs(struct interfaces *interfaces, const struct option_values *specs) {
    struct interface_fault fault;

    for (size_t i = 0; i < specs->count; i++) {
        const char *spec = specs->value[i];

        if (interface_parse(&interfaces->wanted[i], spec, &fault)) {
            return output_fault(&fault, interfaces->json);
        }
        if (asprintf(&interfaces->where[i], "--net %s", spec) < 0) {
            interfaces->where[i] = NULL;
            return out_of_memory(interfaces);
        }
        if (!write_spec(interfaces, i, spec)) {
            return out_of_memory(interfaces);
        }
        interfaces->count = i + 1;
    }
    return 0;
}

static int take_definitions(struct interfaces *interfaces,
                            const char *file,
                            const struct definitions *definitions) {
    char path[1024];

    if (!definitions->count) {
        return output_usage(interfaces->json, "%s has no [interface LABEL]", file);
    }
    if (definitions->count > INTERFACES_MAX) {
        return output_usage(interfaces->json, "%s has %zu interfaces (at once at most %d)", file,
                            definitions->count, INTERFACES_MAX);
    }
    text_printable(file, path, sizeof(path));
    for (size_t i = 0; i < definitions->count; i++) {
        const struct definition *definition = &definitions->definition[i];

        interfaces->wanted[i] = definition->interface;
        if (asprintf(&interfaces->where[i], "%s:%u", path, definition->line) < 0) {
            interfaces->where[i] = NULL;
            return out_of_memory(interfaces);
        }
        if (!write_spec(interfaces, i, NULL)) {
            return out_of_memory(interfaces);
        }
        interfaces->count = i + 1;
    }
    return 0;
}

static int read_file(struct interfaces *interfaces, const char *file) {
    struct definitions definitions;
    int code = definition_file_read(file, DEFINITIONS_INACTIVE, interfaces->json, &definitions);

    if (!code) {
        code = take_definitions(interfaces, file, &definitions);
    }
    definitions_free(&definitions);
    return code;
}

static int take_interfaces(struct interfaces *interfaces,
                           const char *verb,
                           const struct option_values *specs,
                           const char *file) {
    if (specs->count && file) {
        return output_usage(interfaces->json,
                            "interfaces come from --net or from -f FILE, not from both");
    }
    if (file) {
        return read_file(interfaces, file);
    }
    if (specs->count || !verb) {
        return take_specs(interfaces, specs);
    }
    return output_usage(interfaces->json, "%s needs at least one --net, or -f FILE", verb);
}

/* VERB: the one that needs interfaces; NULL: they may be left out. */
static int parse(struct interfaces *interfaces,
                 const char *verb,
                 int argc,
                 char *argv[],
                 const struct option_row *own,
                 const char *help) {
    struct option_values specs = {.count = 0};
    const char *file = NULL;
    struct options options = {
        .usage = help,
        .stops_at_word = true,
        .row = {{"net", "SPEC", "an interface; up to 64 times", .all = &specs},
                {"f", "FILE", "the interfaces that are defined in FILE", .once = &file}}};
    int code;

    *interfaces = (struct interfaces){.count = 0};
    for (size_t i = 0; own[i].name; i++) {
        options.row[2 + i] = own[i];
    }
    code = output_options(&options, argc, argv, &interfaces->json);
    if (code) {
        return code;
    }
    return take_interfaces(interfaces, verb, &specs, file);
}

int interfaces_parse(struct interfaces *interfaces,
                     int argc,
                     char *argv[],
                     const struct option_row *own,
                     const char *help) {
    return parse(interfaces, argv[0], argc, argv, own, help);
}

int interfaces_parse_any(struct interfaces *interfaces,
                         int argc,
                         char *argv[],
                         const struct option_row *own,
                         const char *help) {
    return parse(interfaces, NULL, argc, argv, own, help);
}

int interfaces_set(struct interfaces *interfaces, size_t n, const char *key, const char *value) {
    struct interface_fault fault;

    if (interface_set(&interfaces->wanted[n], key, value, &fault)) {
        return output_fault(&fault, interfaces->json);
    }
    return write_spec(interfaces, n, NULL) ? 0 : out_of_memory(interfaces);
}

int interfaces_refuse(const struct interfaces *interfaces, size_t n, const char *reason, ...) {
    struct interface_fault fault = {.object = "--net"};
    va_list arguments;

    if (interfaces->wanted[n].label[0]) {
        snprintf(fault.object, sizeof(fault.object), "%.127s", interfaces->where[n]);
    }
    va_start(arguments, reason);
    vsnprintf(fault.reason, sizeof(fault.reason), reason, arguments);
    va_end(arguments);
    return output_fault(&fault, interfaces->json);
}

void interfaces_free(struct interfaces *interfaces) {
    for (size_t i = 0; i < INTERFACES_MAX; i++) {
        free(interfaces->spec[i]);
        free(interfaces->where[i]);
    }
    *interfaces = (struct interfaces){.count = 0};
}
