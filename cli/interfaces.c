// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * --net SPEC [--net SPEC]... | -f FILE, [--json] [--help]
 */
#include "cli/interfaces.h"
#include "cli/definitions/read.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTION_NET = 1, OPTION_JSON, OPTION_HELP };

/* What the words say, before any of it is read. */
struct words {
    const char *net[NETS_MAX], *file;
    size_t nets;
};

/* What the library is asked: as it was written, or where that is not for the library, anew. */
static bool write_spec(struct nets *nets, size_t n, const char *written) {
    struct interface asked = nets->asked[n];
    char spec[INTERFACE_SPEC];

    if (asked.given[INTERFACE_KEY_SCRIPT] || asked.given[INTERFACE_KEY_DOWNSCRIPT]) written = NULL;
    asked.given[INTERFACE_KEY_SCRIPT] = asked.given[INTERFACE_KEY_DOWNSCRIPT] = false;
    free(nets->spec[n]);
    nets->spec[n] = strdup(written ? written : interface_format(&asked, spec));
    return nets->spec[n];
}

static int out_of_memory(const struct nets *nets) {
    struct tapgrant_error error = {.code = TAPGRANT_FAILED, .object = "tapgrant", .reason = "out of memory"};

    return output_error(&error, nets->json);
}

static int read_nets(struct nets *nets, const struct words *words) {
    struct interface_fault fault;

    for (nets->count = 0; nets->count < words->nets; nets->count++) {
        const char *spec = words->net[nets->count];

        if (interface_parse(&nets->asked[nets->count], spec, &fault)) return output_fault(&fault, nets->json);
        if (asprintf(&nets->where[nets->count], "--net %s", spec) < 0 || !write_spec(nets, nets->count, spec))
            return out_of_memory(nets);
    }
    return 0;
}

static int take_definitions(struct nets *nets, const char *file, const struct definitions *definitions) {
    char path[1024];

    if (!definitions->count) return output_usage(nets->json, "%s has no [interface LABEL]", file);
    if (definitions->count > NETS_MAX)
        return output_usage(nets->json, "%s has %zu interfaces (at once at most %d)", file, definitions->count, NETS_MAX);
    interface_printable(file, path, sizeof(path));
    for (nets->count = 0; nets->count < definitions->count; nets->count++) {
        const struct definition *definition = &definitions->definition[nets->count];

        nets->asked[nets->count] = definition->interface;
        if (asprintf(&nets->where[nets->count], "%s:%u", path, definition->line) < 0 || !write_spec(nets, nets->count, NULL))
            return out_of_memory(nets);
    }
    return 0;
}

static int read_file(struct nets *nets, const char *file) {
    struct definitions definitions;
    int code = definition_file_read(file, DEFINITIONS_INACTIVE, nets->json, &definitions);

    if (!code) code = take_definitions(nets, file, &definitions);
    definitions_free(&definitions);
    return code;
}

static int take_words(struct nets *nets, struct words *words, int argc, char *argv[], bool allow_json, const char *help) {
    static const struct option options[] = {{"net", required_argument, NULL, OPTION_NET},
                                            {"json", no_argument, NULL, OPTION_JSON},
                                            {"help", no_argument, NULL, OPTION_HELP},
                                            {NULL, 0, NULL, 0}};
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, "+:f:", options, NULL)) != -1) {
        if (option == OPTION_HELP) {
            fputs(help, stdout);
            return -1;
        }
        if (option == OPTION_NET && words->nets == NETS_MAX)
            return output_usage(nets->json, "more than %d --net", NETS_MAX);
        if (option == 'f' && words->file) return output_usage(nets->json, "-f is given twice");
        if (option == OPTION_NET)
            words->net[words->nets++] = optarg;
        else if (option == 'f')
            words->file = optarg;
        else if (option == OPTION_JSON && allow_json)
            nets->json = true;
        else if (option == ':')
            return output_usage(nets->json, "%s needs a value", argv[optind - 1]);
        else
            return output_usage(nets->json, "unknown option '%s'", argv[optind - 1]);
    }
    return 0;
}

int nets_parse(struct nets *nets, int argc, char *argv[], bool allow_json, const char *help) {
    struct words words = {0};
    int code;

    *nets = (struct nets){0};
    code = take_words(nets, &words, argc, argv, allow_json, help);
    if (code) return code;
    if (words.nets && words.file) return output_usage(nets->json, "interfaces come from --net or from -f FILE, not from both");
    if (words.file) return read_file(nets, words.file);
    if (words.nets) return read_nets(nets, &words);
    return output_usage(nets->json, "%s needs at least one --net, or -f FILE", argv[0]);
}

int nets_set(struct nets *nets, size_t n, const char *key, const char *value) {
    struct interface_fault fault;

    if (interface_set(&nets->asked[n], key, value, &fault)) return output_fault(&fault, nets->json);
    return write_spec(nets, n, NULL) ? 0 : out_of_memory(nets);
}

int nets_refuse(const struct nets *nets, size_t n, const char *reason, ...) {
    struct interface_fault fault = {.object = "--net"};
    va_list arguments;

    if (nets->asked[n].label[0]) snprintf(fault.object, sizeof(fault.object), "%.127s", nets->where[n]);
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
    *nets = (struct nets){0};
}
