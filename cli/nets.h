/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within the command: the options that run and create share. */
#pragma once

#include "command.h"

#define NETS_MAX 64

struct nets {
    const char *spec[NETS_MAX];
    size_t count;
    bool json;
};

/*
 * Reads --net SPEC, and --json where ALLOW_JSON, up to the first word that is no option, whose index is then optind.
 * 0, or the exit status after it was said; -1 after --help.
 */
int nets_parse(struct nets *nets, int argc, char *argv[], bool allow_json, const char *help);
