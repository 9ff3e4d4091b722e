// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tapgrant lint: every fault of a policy or of definitions at once, with FILE:LINE, by the parser
 * that reads them in earnest; and what is suspicious in a policy.
 */
#include "cli/lint/lint.h"
#include "cli/shared/options.h"

static const char usage[] =
    "Usage: tapgrant lint [--syntax] [--numeric] [--installed] [--json] [FILE|DIR|-]...\n"
    "Checks policies, or definitions of interfaces, told apart by their sections.  Without FILE\n"
    "all that is installed, for which owner and mode are checked as well; of a DIR its *.conf;\n"
    "- is standard input.\n";

static const char end[] =
    "Exit status 0: no fault (there may be warnings); 2: faults, each as FILE:LINE: reason.\n";

static int lint_all(char *const path[], int count, const struct lint_options *options) {
    struct lint lint = {.options = options};
    int code;

    if (options->json) {
        lint.array = json_array();
    }
    lint_files(&lint, path, count);
    lint_forget_definitions(&lint);
    code = options->json ? output_json(lint.array) : output_end();
    if (code) {
        return code;
    }
    return lint.faults ? TAPGRANT_USAGE : TAPGRANT_OK;
}

int lint_main(int argc, char *argv[]) {
    struct lint_options request = {.json = false};
    struct options options = {
        .usage = usage,
        .end = end,
        .row = {{"syntax", NULL,
                 "needs no accounts and no bridges: for a file that is another host's",
                 .flag = &request.syntax},
                {"numeric", NULL,
                 "prints the policy with ids in the place of names, if it has no other fault",
                 .flag = &request.numeric},
                {"installed", NULL, "checks owner, mode and folder of every FILE",
                 .flag = &request.installed},
                {"json", NULL, "as JSON", .flag = &request.json}}};
    int code = output_options(&options, argc, argv, &request.json);

    if (code) {
        return code < 0 ? TAPGRANT_OK : code;
    }
    if (request.numeric && request.json) {
        return output_usage(true, "--numeric prints a policy, and --json something else");
    }
    if (request.numeric && request.syntax) {
        return output_usage(request.json, "--numeric needs the accounts that --syntax leaves out");
    }
    return lint_all(options.word, options.word_count, &request);
}
