// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tapgrant show: definitions, read and written back in canonical form.
 */
#include "cli/definitions/read.h"
#include "cli/shared/options.h"
#include "cli/show/libvirt.h"

#include <stdio.h>

static const char usage[] =
    "Usage: tapgrant show [--inactive] [--libvirt | --json] FILE\n"
    "Reads the definitions of interfaces in FILE (- is standard input), tapgrant-interfaces(5),\n"
    "and writes them back: key = value, in the order of the manual page, only the keys given.\n";

static const char end[] = "Exit status 0; 2: FILE has faults, each told as FILE:LINE: REASON.\n";

struct show {
    bool inactive;
    bool libvirt;
    bool json;
    char path[1024]; /* printable */
};

static int print_json(const struct definitions *definitions) {
    json_t *array = json_array();

    for (size_t i = 0; i < definitions->count; i++) {
        json_array_append_new(array, definition_json(&definitions->definition[i]));
    }
    return output_json(array);
}

static void report_lacking(const struct show *show, const struct definition *definition) {
    for (enum interface_key key = 0; key < INTERFACE_KEYS; key++) {
        const char *why = key == INTERFACE_KEY_QUEUES ? " for a model without vnet-hdr" : "";

        if (show_libvirt_lacks(&definition->interface, key)) {
            fprintf(stderr, "tapgrant: %s:%u: %s: not carried: libvirt has no %s%s\n", show->path,
                    definition->key_line[key], definition->interface.label, interface_key_name(key),
                    why);
        }
    }
}

static int print_libvirt(const struct show *show, struct definitions *definitions) {
    for (size_t i = 0; i < definitions->count; i++) {
        struct definition *definition = &definitions->definition[i];

        if (show->inactive) {
            interface_drop_generated(&definition->interface, true);
        }
        show_libvirt(definition, stdout);
        report_lacking(show, definition);
    }
    return output_end();
}

static int print(const struct show *show, struct definitions *definitions) {
    if (show->json) {
        return print_json(definitions);
    }
    if (show->libvirt) {
        return print_libvirt(show, definitions);
    }
    definitions_write(definitions, stdout);
    return output_end();
}

static int show_file(struct show *show, const char *file) {
    enum definitions_purpose purpose = show->inactive ? DEFINITIONS_INACTIVE : DEFINITIONS_LIVE;
    struct definitions definitions;
    int code = definition_file_read(file, purpose, show->json, &definitions);

    interface_printable(file, show->path, sizeof(show->path));
    if (!code) {
        code = print(show, &definitions);
    }
    definitions_free(&definitions);
    return code;
}

int show_main(int argc, char *argv[]) {
    struct show show = {.json = false};
    struct options options = {
        .usage = usage,
        .end = end,
        .row = {{"inactive", NULL,
                 "as they are saved: without generated names, except with managed = no",
                 .flag = &show.inactive},
                {"libvirt", NULL,
                 "as libvirt's <interface>; what that cannot say is told, and is a comment",
                 .flag = &show.libvirt},
                {"json", NULL, "as JSON", .flag = &show.json}}};
    int code = output_options(&options, argc, argv, &show.json);

    if (code) {
        return code < 0 ? TAPGRANT_OK : code;
    }
    if (!options.word_count) {
        return output_usage(show.json, "show needs a FILE");
    }
    if (options.word_count > 1) {
        return output_usage(show.json, "show takes one FILE, and '%s' is another", options.word[1]);
    }
    if (show.libvirt && show.json) {
        return output_usage(true, "--libvirt prints XML, and --json something else");
    }
    return show_file(&show, options.word[0]);
}
