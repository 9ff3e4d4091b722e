// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tapgrant doctor: what would fail on this host, and what mends it.
 */
#include "cli/doctor/checks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] = "Usage: tapgrant doctor [--json] [DEV] [--for PROGRAM [--queues N]]\n"
                           "Tells what would fail on this host, or with the interface DEV, and what mends it; and what PROGRAM\n"
                           "(qemu, libvirt, firecracker, cloud-hypervisor, crosvm) will get from the kernel when it opens DEV,\n"
                           "with N queues, and which of its options to use.\n"
                           "Exit status 0 only if all is well.  Without DEV the helper is asked once for a bridge that is not\n"
                           "there, which it denies and logs.\n";

struct asked {
    const char *dev, *program_name, *queues_text;
    const struct program *program;
    unsigned queues;
    bool json;
};

/* --NAME VALUE or --NAME=VALUE at argv[*I]?  Its value, and *I on its last word. */
static const char *take_value(const char *name, int argc, char *argv[], int *i) {
    size_t length = strlen(name);

    if (strncmp(argv[*i], name, length)) return NULL;
    if (argv[*i][length] == '=') return argv[*i] + length + 1;
    if (argv[*i][length]) return NULL;
    return *i + 1 < argc ? argv[++*i] : "";
}

static int read_asked(struct asked *asked) {
    unsigned long queues;
    char *end;

    asked->queues = 1;
    if (asked->program_name && !(asked->program = checks_find_program(asked->program_name)))
        return output_usage(asked->json, "--for '%s' (qemu, libvirt, firecracker, cloud-hypervisor, crosvm)",
                            asked->program_name);
    if (!asked->queues_text) return 0;
    if (!asked->program) return output_usage(asked->json, "--queues is of a program: --for");
    queues = strtoul(asked->queues_text, &end, 10);
    if (*asked->queues_text < '1' || *asked->queues_text > '9' || *end || queues > CHECKS_QUEUES)
        return output_usage(asked->json, "--queues '%s' (1-%d)", asked->queues_text, CHECKS_QUEUES);
    asked->queues = (unsigned)queues;
    return 0;
}

int doctor_main(int argc, char *argv[]) {
    struct findings findings = {0};
    struct asked asked = {0};
    const char *value;
    int code;

    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--help")) return fputs(help, stdout), TAPGRANT_OK;
        if (!strcmp(argv[i], "--json"))
            asked.json = true;
        else if ((value = take_value("--for", argc, argv, &i)))
            asked.program_name = value;
        else if ((value = take_value("--queues", argc, argv, &i)))
            asked.queues_text = value;
        else if (argv[i][0] == '-' || asked.dev)
            return output_usage(asked.json, "unknown argument '%s'", argv[i]);
        else
            asked.dev = argv[i];
    }
    code = read_asked(&asked);
    if (code) return code;
    findings.json = asked.json;
    if (findings.json) findings.array = json_array();
    if (asked.dev) {
        checks_device(&findings, asked.dev, asked.program, asked.queues);
    } else {
        checks_host(&findings);
        checks_software(&findings);
        checks_policy(&findings);
        if (asked.program) checks_program(&findings, asked.program, NULL, asked.queues);
    }
    return findings_end(&findings);
}
