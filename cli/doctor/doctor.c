// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tapgrant doctor: what would fail on this host, and the command that ends it.
 */
#include "cli/doctor/checks.h"
#include "cli/shared/options.h"

#include <stdlib.h>

static const char usage[] =
    "Usage: tapgrant doctor [--json] [DEV] [--for PROGRAM [--queues N]]\n"
    "Tells what would fail on this host, or with the interface DEV, and what mends it; and what\n"
    "PROGRAM (" PROGRAM_NAMES ") will get from the kernel\n"
    "when it opens DEV, with N queues, and which of its options to use.\n";

static const char end[] =
    "Exit status 0 only if all is well.  Without DEV the service and the setuid helper are each\n"
    "asked once for a bridge that does not exist, which they deny and log.\n";

/* The command line as it was written; NULL: not given. */
struct request {
    const char *dev;
    const char *program;
    const char *queues;
    bool json;
};

static int read_queues(const struct request *request, struct opener *opener) {
    const char *text = request->queues;
    unsigned long queues;
    char *behind;

    if (!text) {
        return 0;
    }
    if (!opener->program) {
        return output_usage(request->json, "--queues is of a program: --for");
    }
    queues = strtoul(text, &behind, 10);
    if (*text < '1' || *text > '9' || *behind || queues > PROGRAM_QUEUES) {
        return output_usage(request->json, "--queues '%s' (1-%d)", text, PROGRAM_QUEUES);
    }
    opener->queues = (unsigned)queues;
    return 0;
}

static int read_opener(const struct request *request, struct opener *opener) {
    *opener = (struct opener){.queues = 1};
    if (request->program) {
        opener->program = program_find(request->program);
        if (!opener->program) {
            return output_usage(request->json, "--for '%s' (" PROGRAM_NAMES ")", request->program);
        }
    }
    return read_queues(request, opener);
}

static void check_all(struct findings *findings, const struct opener *opener) {
    check_access(findings);
    check_host(findings);
    check_software(findings);
    check_policy(findings);
    if (opener->program) {
        opener->program->tell_options(findings, "any interface", "NAME", opener->queues);
    }
}

static int doctor(const struct request *request) {
    struct findings findings = {.json = request->json};
    struct opener opener;
    int code = read_opener(request, &opener);

    if (code) {
        return code;
    }
    if (findings.json) {
        findings.array = json_array();
    }
    if (request->dev) {
        check_device(&findings, request->dev, &opener);
    } else {
        check_all(&findings, &opener);
    }
    return findings_end(&findings);
}

int doctor_main(int argc, char *argv[]) {
    struct request request = {.dev = NULL};
    struct options options = {
        .usage = usage,
        .end = end,
        .row = {
            {"for", "PROGRAM", "the program that is to open DEV", .last = &request.program},
            {"queues", "N", "with so many queues; 1 if it is not given", .last = &request.queues},
            {"json", NULL, "as JSON", .flag = &request.json}}};
    int code = output_options(&options, argc, argv, &request.json);

    if (code) {
        return code < 0 ? TAPGRANT_OK : code;
    }
    if (options.word_count > 1) {
        return output_usage(request.json, "doctor takes one DEV, and '%s' is another",
                            options.word[1]);
    }
    request.dev = options.word[0];
    return doctor(&request);
}
