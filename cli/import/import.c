// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/import/import.h"
#include "cli/definitions/read.h"
#include "cli/shared/options.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define SECONDS 10 /* of the processor; the worst 4 MiB that are known take 2 */

static const char usage[] =
    "Usage: tapgrant import [--owner USER] [--json] FILE        (- is standard input)\n"
    "       tapgrant import --bridge-conf [--json] FILE\n"
    "Prints the interfaces of libvirt's <domain> and <interface> documents in FILE, one after\n"
    "another, as definitions, tapgrant-interfaces(5).  What is not carried over is told, and is a\n"
    "comment.\n";

static const char end[] =
    "Exit status 0; 1: built without libxml2; 2: FILE has faults, each told as\n"
    "FILE:LINE: REASON.\n";

struct wanted {
    const char *file;
    const char *owner; /* NULL: not given */
    bool bridge_conf;
    bool json;
};

struct report {
    struct definition_report faults;
    json_t *notes; /* NULL: no JSON */
};

static void report_fault(void *context, unsigned line, const char *reason, const char *hint) {
    struct report *report = context;

    definition_report_fault(&report->faults, line, reason, hint);
}

static void report_note(void *context, unsigned line, const char *text) {
    struct report *report = context;
    const char *path = report->faults.path;

    fprintf(stderr, "tapgrant: %s:%u: %s\n", path, line, text);
    if (report->notes) {
        json_array_append_new(report->notes, json_pack("{s:s, s:i, s:s}", "file", path, "line",
                                                       (int)line, "text", text));
    }
}

static void give_up(int number) {
    static const char text[] = "tapgrant: import: takes over 10 seconds: given up\n";
    ssize_t written = write(STDERR_FILENO, text, sizeof(text) - 1);

    (void)number;
    (void)written;
    _exit(TAPGRANT_USAGE);
}

/* Whatever a document makes libxml2 do, it ends. */
static void limit_time(void) {
    struct rlimit limit;

    signal(SIGXCPU, give_up);
    if (getrlimit(RLIMIT_CPU, &limit)) {
        return;
    }
    if (limit.rlim_cur > SECONDS) {
        limit.rlim_cur = SECONDS;
    }
    setrlimit(RLIMIT_CPU, &limit);
}

static int refuse_without_xml(bool json) {
    struct tapgrant_error error = {
        .code = TAPGRANT_FAILED,
        .object = "import",
        .reason = "built without libxml2",
        .hint = "build it with -Dlibvirt=enabled, or take a package that has it"};

    return output_error(&error, json);
}

/* 0, or the exit status after the faults were said. */
static int read_documents(struct import *import, struct report *report, const char *path) {
    char *text;
    size_t size;
    int error = definition_file_load(path, &text, &size);

    if (!error) {
        error = import_documents(import, text, size);
    }
    free(text);
    if (error == -ENOSYS) {
        definition_report_end(&report->faults, 0);
        return refuse_without_xml(report->faults.json);
    }
    return definition_report_end(&report->faults, error);
}

/* {"interfaces": [...], "notes": [...]} */
static int print_json(const struct definitions *definitions, json_t *notes) {
    json_t *interfaces = json_array();

    for (size_t i = 0; i < definitions->count; i++) {
        json_array_append_new(interfaces, definition_json(&definitions->definition[i]));
    }
    return output_json(json_pack("{s:o, s:O}", "interfaces", interfaces, "notes", notes));
}

static int import_file(const struct wanted *wanted) {
    struct report report = {.notes = wanted->json ? json_array() : NULL};
    struct import import = {.purpose = wanted->owner ? DEFINITIONS_APPLY : DEFINITIONS_INACTIVE,
                            .owner = wanted->owner,
                            .note = report_note,
                            .fault = report_fault,
                            .context = &report};
    int code;

    definition_report_begin(&report.faults, wanted->file, wanted->json);
    code = read_documents(&import, &report, wanted->file);
    if (!code && wanted->json) {
        code = print_json(&import.definitions, report.notes);
    } else if (!code) {
        import_write(&import, stdout);
        code = output_end();
    }
    json_decref(report.notes);
    import_free(&import);
    return code;
}

static bool is_owner(const char *text) {
    struct interface interface = {.purpose = INTERFACE_APPLY};
    struct interface_fault fault;

    return !interface_set(&interface, "owner", text, &fault);
}

static int check_wanted(const struct wanted *wanted) {
    if (wanted->owner && wanted->bridge_conf) {
        return output_usage(wanted->json,
                            "--owner is for libvirt's documents, not with --bridge-conf");
    }
    if (wanted->owner && !is_owner(wanted->owner)) {
        return output_usage(wanted->json, "--owner takes a user's name or id, not '%s'",
                            wanted->owner);
    }
    if (wanted->bridge_conf && !strcmp(wanted->file, "-")) {
        return output_usage(wanted->json, "--bridge-conf needs a file: who may read it counts");
    }
    return 0;
}

int import_run(int argc, char *argv[]) {
    struct wanted wanted = {.file = NULL};
    struct options options = {
        .usage = usage,
        .end = end,
        .row = {{"owner", "USER",
                 "for each unmanaged interface the tap that it needs, for tapgrant-apply(8)",
                 .once = &wanted.owner},
                {"bridge-conf", NULL,
                 "FILE is qemu-bridge-helper's /etc/qemu/bridge.conf: prints a policy to review",
                 .flag = &wanted.bridge_conf},
                {"json", NULL, "prints JSON", .flag = &wanted.json}}};
    int code = output_options(&options, argc, argv, &wanted.json);

    if (code) {
        return code < 0 ? TAPGRANT_OK : code;
    }
    if (!options.word_count) {
        return output_usage(wanted.json, "import needs a FILE");
    }
    if (options.word_count > 1) {
        return output_usage(wanted.json, "import takes one FILE, and '%s' is another",
                            options.word[1]);
    }
    wanted.file = options.word[0];
    code = check_wanted(&wanted);
    if (code) {
        return code;
    }
    limit_time();
    return wanted.bridge_conf ? import_bridge_conf(wanted.file, wanted.json) : import_file(&wanted);
}
