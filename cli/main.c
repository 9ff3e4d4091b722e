// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tapgrant: the command, a thin user of libtapgrant.
 */
#include "cli/command.h"

#include <stdio.h>
#include <string.h>

/* A verb has a row for each way to call it; the first has its function. */
static const struct verb {
    const char *name;
    const char *arguments;
    const char *purpose;
    int (*run)(int argc, char *argv[]);
} verbs[] = {
    {"run", "--net SPEC... | -f FILE  -- COMMAND...", "becomes COMMAND, descriptors open",
     run_main},
    {"create", "--net SPEC... | -f FILE  [--json]", "persistent taps owned by the caller",
     create_main},
    {"delete", "[--json] DEV...", "the caller's own persistent taps", delete_main},
    {"list", "[--tree] [--all] [--json]", "who has what, by which rule", list_main},
    {"check", "[--user U] [--net SPEC... | -f FILE] [--json]", "the policy's answer and why",
     check_main},
    {"doctor", "[DEV] [--for PROGRAM [--queues N]] [--json]",
     "what would fail on this host, and the fix", doctor_main},
    {"lint", "[--syntax] [--numeric] [FILE | DIR | -]...",
     "faults of policies or definitions, all at once", lint_main},
    {"show", "[--inactive] [--libvirt | --json] FILE",
     "definitions, written back in canonical form", show_main},
    {"import", "[--owner U] [--json] FILE", "libvirt's documents as definitions", import_main},
    {"import", "--bridge-conf [--json] FILE", "qemu-bridge-helper's access list as a policy", NULL},
};

static void print_help(FILE *out) {
    const char *begin = "Usage:";

    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        fprintf(out, "%-6s tapgrant %-6s %-47s  %s\n", begin, verbs[i].name, verbs[i].arguments,
                verbs[i].purpose);
        begin = "";
    }
    fputs(
        "       tapgrant --help | --version | VERB --help\n"
        "Exit: 0 done; 1 the system said no; 2 usage; 3 denied by policy; 4 an existing device is\n"
        "missing, busy or not as asked; 5 over quota; 6 busy; run: 125, 126, 127 as env(1).\n"
        "See tapgrant(1).\n",
        out);
}

int main(int argc, char *argv[]) {
    if (!output_keep_descriptors()) {
        return TAPGRANT_FAILED;
    }
    if (argc < 2) {
        print_help(stderr);
        return TAPGRANT_USAGE;
    }
    if (!strcmp(argv[1], "--help")) {
        print_help(stdout);
        return TAPGRANT_OK;
    }
    if (!strcmp(argv[1], "--version")) {
        printf("tapgrant %s\n", tapgrant_version());
        return TAPGRANT_OK;
    }
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (!strcmp(argv[1], verbs[i].name)) {
            return verbs[i].run(argc - 1, argv + 1);
        }
    }
    return output_usage(false, "unknown verb '%s'", argv[1]);
}
