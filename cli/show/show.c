// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tapgrant show: definitions, read and written back in canonical form.
 */
#include "cli/definitions/read.h"

#include <stdio.h>
#include <string.h>

static const char help[] = "Usage: tapgrant show [--inactive] [--libvirt | --json] FILE\n"
                           "Reads the definitions of interfaces in FILE (- is standard input), tapgrant-interfaces(5), and\n"
                           "writes them back: key = value, in the order of the manual page, only the keys given.\n"
                           "  --inactive   as they are saved: generated names are dropped, but for managed = no\n"
                           "  --libvirt    as libvirt's <interface> elements; what those cannot say is told, and is a comment\n"
                           "Exit status 0; 2: FILE has faults, each told as FILE:LINE: REASON.\n";

static int print_json(const struct definitions *definitions) {
    json_t *array = json_array();

    for (size_t i = 0; i < definitions->count; i++) json_array_append_new(array, definition_json(&definitions->definition[i]));
    return output_json(array);
}

static int print_libvirt(const char *file, bool inactive, struct definitions *definitions) {
    char path[1024];

    interface_printable(file, path, sizeof(path));
    for (size_t i = 0; i < definitions->count; i++) {
        struct definition *definition = &definitions->definition[i];

        if (inactive) interface_drop_generated(&definition->interface, true);
        show_libvirt(definition, stdout);
        for (enum interface_key key = 0; key < INTERFACE_KEYS; key++)
            if (show_libvirt_lacks(&definition->interface, key))
                fprintf(stderr, "tapgrant: %s:%u: %s: not carried: libvirt has no %s%s\n", path, definition->key_line[key],
                        definition->interface.label, interface_key_name(key),
                        key == INTERFACE_KEY_QUEUES ? " for a model without vnet-hdr" : "");
    }
    return output_end();
}

static int show(const char *file, bool inactive, bool libvirt, bool json) {
    struct definitions definitions;
    int code = definition_file_read(file, inactive ? DEFINITIONS_INACTIVE : DEFINITIONS_LIVE, json, &definitions);

    if (!code && json) {
        code = print_json(&definitions);
    } else if (!code && libvirt) {
        code = print_libvirt(file, inactive, &definitions);
    } else if (!code) {
        definitions_write(&definitions, stdout);
        code = output_end();
    }
    definitions_free(&definitions);
    return code;
}

int show_main(int argc, char *argv[]) {
    bool inactive = false, libvirt = false, json = false;
    const char *file = NULL;

    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--help")) return fputs(help, stdout), TAPGRANT_OK;
        if (!strcmp(argv[i], "--json"))
            json = true;
        else if (!strcmp(argv[i], "--inactive"))
            inactive = true;
        else if (!strcmp(argv[i], "--libvirt"))
            libvirt = true;
        else if (argv[i][0] == '-' && argv[i][1])
            return output_usage(json, "unknown option '%s'", argv[i]);
        else if (file)
            return output_usage(json, "show takes one FILE, and '%s' is another", argv[i]);
        else
            file = argv[i];
    }
    if (!file) return output_usage(json, "show needs a FILE");
    if (libvirt && json) return output_usage(json, "--libvirt prints XML, and --json something else");
    return show(file, inactive, libvirt, json);
}
