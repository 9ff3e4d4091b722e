// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tapgrant doctor: what would fail on this host, and what mends it.
 */
#include "checks.h"

#include <stdio.h>
#include <string.h>

static const char help[] = "Usage: tapgrant doctor [--json] [DEV]\n"
                           "Tells what would fail on this host, or with the interface DEV, and what mends it.\n"
                           "Exit status 0 only if all is well.  The helper is asked once for a bridge that is not there,\n"
                           "which it denies and logs.\n";

int doctor_main(int argc, char *argv[]) {
    struct findings findings = {0};
    const char *dev = NULL;

    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--help")) return fputs(help, stdout), TAPGRANT_OK;
        if (!strcmp(argv[i], "--json"))
            findings.json = true;
        else if (argv[i][0] == '-' || dev)
            return output_usage(findings.json, "unknown argument '%s'", argv[i]);
        else
            dev = argv[i];
    }
    if (findings.json) findings.array = json_array();
    if (dev) {
        checks_device(&findings, dev);
    } else {
        checks_host(&findings);
        checks_policy(&findings);
    }
    return findings_end(&findings);
}
