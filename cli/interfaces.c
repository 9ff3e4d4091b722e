// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/interfaces.h"
#include "cli/definitions/read.h"
#include "cli/options.h"
#include "wire/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(NETS_MAX == OPTIONS_VALUES, "as many --net as interfaces");

/*
 * Writes what the library gets for the Nth interface: its specification as it was WRITTEN, or anew
 * where there is none or where it names scripts.  False: out of memory.
 */
static bool write_spec(struct nets *nets, size_t n, const char *written) {
    struct interface wanted = nets->asked[n];
    char text[INTERFACE_SPEC];
    bool has_script = wanted.given[INTERFACE_KEY_SCRIPT] || wanted.given[INTERFACE_KEY_DOWNSCRIPT];

    if (!written || has_script) {
        wanted.given[INTERFACE_KEY_SCRIPT] = false;
        wanted.given[INTERFACE_KEY_DOWNSCRIPT] = false;
        written = interface_format(&wanted, text);
    }
    free(nets->spec[n]);
    nets->spec[n] = strdup(written);
    return nets->spec[n];
}

static int out_of_memory(const struct nets *nets) {
    struct tapgrant_error failure = {.code = TAPGRANT_FAILED,
                                     .object = "tapgrant",
                                     .reason = "out of memory"};

    return output_error(&failure, nets->json);
}

static int take_specs(struct nets *nets, const struct option_values *specs) {
    struct interface_fault fault;

    for (size_t i = 0; i < specs->count; i++) {
        const char *spec = specs->value[i];

        if (interface_parse(&nets->asked[i], spec, &fault)) {
            return output_fault(&fault, nets->json);
        }
        if (asprintf(&nets->where[i], "--net %s", spec) < 0) {
            nets->where[i] = NULL;
            return out_of_memory(nets);
        }
        if (!write_spec(nets, i, spec)) {
            return out_of_memory(nets);
        }
        nets->count = i + 1;
    }
    return 0;
}

static int take_definitions(struct nets *nets,
                            const char *file,
                            const struct definitions *definitions) {
    char path[1024];

    if (!definitions->count) {
        return output_usage(nets->json, "%s has no [interface LABEL]", file);
    }
    if (definitions->count > NETS_MAX) {
        return output_usage(nets->json, "%s has %zu interfaces (at once at most %d)", file,
                            definitions->count, NETS_MAX);
    }
    text_printable(file, path, sizeof(path));
    for (size_t i = 0; i < definitions->count; i++) {
        const struct definition *definition = &definitions->definition[i];

        nets->asked[i] = definition->interface;
        if (asprintf(&nets->where[i], "%s:%u", path, definition->line) < 0) {
            nets->where[i] = NULL;
            return out_of_memory(nets);
        }
        if (!write_spec(nets, i, NULL)) {
            return out_of_memory(nets);
        }
        nets->count = i + 1;
    }
    return 0;
}

static int read_file(struct nets *nets, const char *file) {
    struct definitions definitions;
    int code = definition_file_read(file, DEFINITIONS_INACTIVE, nets->json, &definitions);

    if (!code) {
        code = take_definitions(nets, file, &definitions);
    }
    definitions_free(&definitions);
    return code;
}

static int take_interfaces(struct nets *nets,
                           const char *verb,
                           const struct option_values *specs,
                           const char *file) {
    if (specs->count && file) {
        return output_usage(nets->json,
                            "interfaces come from --net or from -f FILE, not from both");
    }
    if (file) {
        return read_file(nets, file);
    }
    if (specs->count) {
        return take_specs(nets, specs);
    }
    return output_usage(nets->json, "%s needs at least one --net, or -f FILE", verb);
}

int nets_parse(struct nets *nets,
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

    *nets = (struct nets){.count = 0};
    for (size_t i = 0; own[i].name; i++) {
        options.row[2 + i] = own[i];
    }
    code = output_options(&options, argc, argv, &nets->json);
    if (code) {
        return code;
    }
    return take_interfaces(nets, argv[0], &specs, file);
}

int nets_set(struct nets *nets, size_t n, const char *key, const char *value) {
    struct interface_fault fault;

    if (interface_set(&nets->asked[n], key, value, &fault)) {
        return output_fault(&fault, nets->json);
    }
    return write_spec(nets, n, NULL) ? 0 : out_of_memory(nets);
}

int nets_refuse(const struct nets *nets, size_t n, const char *reason, ...) {
    struct interface_fault fault = {.object = "--net"};
    va_list arguments;

    if (nets->asked[n].label[0]) {
        snprintf(fault.object, sizeof(fault.object), "%.127s", nets->where[n]);
    }
    va_start(arguments, reason);
    vsnprintf(fault.reason, sizeof(fault.reason), reason, arguments);
    va_end(arguments);
    return output_fault(&fault, nets->json);
}

void nets_free(struct nets *nets) {
    for (size_t i = 0; i < NETS_MAX; i++) {
        free(nets->spec[i]);
        free(nets->where[i]);
    }
    *nets = (struct nets){.count = 0};
}
