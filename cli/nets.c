// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * --net SPEC [--net SPEC]... [--json] [--help]
 */
#include "nets.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum { OPTION_NET = 1, OPTION_JSON, OPTION_HELP };

int nets_parse(struct nets *nets, int argc, char *argv[], bool allow_json, const char *help) {
    static const struct option options[] = {{"net", required_argument, NULL, OPTION_NET},
                                            {"json", no_argument, NULL, OPTION_JSON},
                                            {"help", no_argument, NULL, OPTION_HELP},
                                            {NULL, 0, NULL, 0}};
    int option;

    *nets = (struct nets){0};
    opterr = 0;
    while ((option = getopt_long(argc, argv, "+:", options, NULL)) != -1) {
        if (option == OPTION_HELP) {
            fputs(help, stdout);
            return -1;
        }
        if (option == OPTION_NET && nets->count == NETS_MAX) return output_usage(nets->json, "more than %d --net", NETS_MAX);
        if (option == OPTION_NET)
            nets->spec[nets->count++] = optarg;
        else if (option == OPTION_JSON && allow_json)
            nets->json = true;
        else if (option == ':')
            return output_usage(nets->json, "%s needs a value", argv[optind - 1]);
        else
            return output_usage(nets->json, "unknown option '%s'", argv[optind - 1]);
    }
    if (!nets->count) return output_usage(nets->json, "%s needs at least one --net", argv[0]);
    return 0;
}
