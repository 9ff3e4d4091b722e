// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tapgrant import: interfaces that were described for others.
 */
#include "cli/import/import.h"
#include "cli/definitions/read.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define SECONDS 10 /* of the processor: 4 MiB of the worst that is known take 2 */

static const char help[] =
    "Usage: tapgrant import [--owner USER] [--json] FILE        (- is standard input)\n"
    "       tapgrant import --bridge-conf [--json] FILE\n"
    "Prints the interfaces of libvirt's <domain> and <interface> documents in FILE, one after another, as definitions,\n"
    "tapgrant-interfaces(5).  What is not carried over is told, and is a comment.\n"
    "  --owner USER    for each unmanaged interface the tap that it needs, for tapgrant-apply(8)\n"
    "  --bridge-conf   FILE is qemu-bridge-helper's /etc/qemu/bridge.conf: prints a policy to review, tapgrant-policy(5)\n"
    "Exit status 0; 1: built without libxml2; 2: FILE has faults, each told as FILE:LINE: REASON.\n";

struct telling {
    struct definition_report faults; /* its address is that of the whole: definition_report_fault() takes either */
    json_t *notes;                    /* NULL: no JSON */
};

static void tell_note(void *context, unsigned line, const char *text) {
    struct telling *telling = context;

    fprintf(stderr, "tapgrant: %s:%u: %s\n", telling->faults.path, line, text);
    if (telling->notes)
        json_array_append_new(telling->notes, json_pack("{s:s, s:i, s:s}", "file", telling->faults.path, "line", (int)line,
                                                        "text", text));
}

static void give_up(int number) {
    static const char text[] = "tapgrant: import: takes over 10 seconds: given up\n";

    (void)number;
    if (write(2, text, sizeof(text) - 1)) _exit(TAPGRANT_USAGE);
    _exit(TAPGRANT_USAGE);
}

/* Whatever a document makes of libxml2, it ends. */
static void limit_time(void) {
    struct rlimit limit;

    signal(SIGXCPU, give_up);
    if (getrlimit(RLIMIT_CPU, &limit)) return;
    if (limit.rlim_cur > SECONDS) limit.rlim_cur = SECONDS;
    setrlimit(RLIMIT_CPU, &limit);
}

static int refuse_without_xml(bool json) {
    struct tapgrant_error error = {.code = TAPGRANT_FAILED, .object = "import", .reason = "built without libxml2",
                                   .hint = "build it with -Dlibvirt=enabled, or take a package that has it"};

    return output_error(&error, json);
}

/* {"interfaces": [...], "notes": [...]} */
static int print_json(const struct definitions *definitions, struct telling *telling) {
    json_t *interfaces = json_array(), *notes = telling->notes;

    telling->notes = NULL;
    for (size_t i = 0; i < definitions->count; i++)
        json_array_append_new(interfaces, definition_json(&definitions->definition[i]));
    return output_json(json_pack("{s:o, s:o}", "interfaces", interfaces, "notes", notes));
}

static int import_file(const char *path, const char *owner, bool json) {
    struct telling telling = {.notes = json ? json_array() : NULL};
    struct import import = {.purpose = owner ? DEFINITIONS_APPLY : DEFINITIONS_INACTIVE, .owner = owner, .note = tell_note,
                            .fault = definition_report_fault, .context = &telling};
    char *text;
    size_t size;
    int failed, code;

    definition_report_begin(&telling.faults, path, json);
    failed = definition_file_load(path, &text, &size);
    if (!failed) failed = import_documents(&import, text, size);
    free(text);
    code = definition_report_end(&telling.faults, failed == -ENOSYS ? 0 : failed);
    if (failed == -ENOSYS) {
        code = refuse_without_xml(json);
    } else if (!code && json) {
        code = print_json(&import.definitions, &telling);
    } else if (!code) {
        import_write(&import, stdout);
        code = output_end();
    }
    json_decref(telling.notes);
    import_free(&import);
    return code;
}

static bool is_owner(const char *text) {
    struct interface interface = {.purpose = INTERFACE_APPLY};
    struct interface_fault fault;

    return !interface_set(&interface, "owner", text, &fault);
}

static int import_what(const char *file, const char *owner, bool bridge_conf, bool json) {
    if (!file) return output_usage(json, "import needs a FILE");
    if (owner && bridge_conf) return output_usage(json, "--owner is for libvirt's documents, not with --bridge-conf");
    if (owner && !is_owner(owner)) return output_usage(json, "--owner takes a user's name or id, not '%s'", owner);
    if (bridge_conf && !strcmp(file, "-")) return output_usage(json, "--bridge-conf needs a file: who may read it counts");
    limit_time();
    return bridge_conf ? import_bridge_conf(file, json) : import_file(file, owner, json);
}

int import_main(int argc, char *argv[]) {
    const char *file = NULL, *owner = NULL;
    bool json = false, bridge_conf = false;

    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--help")) return fputs(help, stdout), TAPGRANT_OK;
        if (!strcmp(argv[i], "--json"))
            json = true;
        else if (!strcmp(argv[i], "--bridge-conf"))
            bridge_conf = true;
        else if (!strcmp(argv[i], "--owner") && owner)
            return output_usage(json, "--owner is given twice");
        else if (!strcmp(argv[i], "--owner") && !argv[i + 1])
            return output_usage(json, "--owner needs a value");
        else if (!strcmp(argv[i], "--owner"))
            owner = argv[++i];
        else if (argv[i][0] == '-' && argv[i][1])
            return output_usage(json, "unknown option '%s'", argv[i]);
        else if (file)
            return output_usage(json, "import takes one FILE, and '%s' is another", argv[i]);
        else
            file = argv[i];
    }
    return import_what(file, owner, bridge_conf, json);
}
