// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tapgrant: the command, a thin user of libtapgrant.
 */
#include "cli/command.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int (*run)(int argc, char *argv[]);
} verbs[] = {{"run", run_main},     {"create", create_main}, {"delete", delete_main}, {"list", list_main},
             {"check", check_main}, {"doctor", doctor_main}, {"lint", lint_main},     {"show", show_main},
             {"import", import_main}};

static const char help[] =
    "Usage: tapgrant run    --net SPEC... | -f FILE  -- COMMAND...     becomes COMMAND, descriptors open\n"
    "       tapgrant create --net SPEC... | -f FILE  [--json]          persistent taps owned by the caller\n"
    "       tapgrant delete DEV...                                     one's own persistent taps\n"
    "       tapgrant list   [--json]                                   who has what, by which rule\n"
    "       tapgrant check  [--user U] --net SPEC... | -f FILE [--json] the policy's answer and why\n"
    "       tapgrant doctor [DEV] [--for PROGRAM [--queues N]] [--json] what would fail on this host, and the fix\n"
    "       tapgrant lint   [--numeric] [--installed] [FILE]...        faults of policies or definitions, all at once\n"
    "       tapgrant show   [--inactive] [--libvirt | --json] FILE     definitions, written back in canonical form\n"
    "       tapgrant import [--owner U] [--json] FILE                  libvirt's documents as definitions\n"
    "       tapgrant import --bridge-conf [--json] FILE                qemu-bridge-helper's access list as a policy\n"
    "       tapgrant --help | --version | VERB --help\n"
    "Exit: 0 done; 1 the system said no; 2 usage; 3 denied by policy; 4 an existing device is missing, busy or not as\n"
    "asked; 5 over quota; run: 125, 126, 127 as env(1).  See tapgrant(1).\n";

int main(int argc, char *argv[]) {
    if (!output_keep_descriptors()) return TAPGRANT_FAILED;
    if (argc < 2) {
        fputs(help, stderr);
        return TAPGRANT_USAGE;
    }
    if (!strcmp(argv[1], "--help")) return fputs(help, stdout), TAPGRANT_OK;
    if (!strcmp(argv[1], "--version")) return printf("tapgrant %s\n", tapgrant_version()), TAPGRANT_OK;
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
        if (!strcmp(argv[1], verbs[i].name)) return verbs[i].run(argc - 1, argv + 1);
    return output_usage(false, "unknown verb '%s'", argv[1]);
}
