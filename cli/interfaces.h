/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within the command: the interfaces that run, create and check are given. */
#pragma once

#include "cli/command.h"
#include "conf/interface/interface.h"

#define NETS_MAX 64

struct nets {
    struct interface asked[NETS_MAX];
    char *spec[NETS_MAX];         /* what the library is asked: without the scripts, which are the command's to run */
    char *where[NETS_MAX];        /* it stands: "--net SPEC" as written, or FILE:LINE */
    size_t count;
    bool json;
};

/*
 * Reads --net SPEC or -f FILE, and --json where ALLOW_JSON, up to the first word that is no option, whose index is then
 * optind.  0, or the exit status after it was said; -1 after --help.  *NETS is for nets_free() in any case.
 */
int nets_parse(struct nets *nets, int argc, char *argv[], bool allow_json, const char *help);

/* Gives the Nth interface a key that it was not given, and says so to the library. */
int nets_set(struct nets *nets, size_t n, const char *key, const char *value);

/* A fault of the Nth interface, said with where it stands; exit status 2. */
__attribute__((format(printf, 3, 4))) int nets_refuse(const struct nets *nets, size_t n, const char *reason, ...);

void nets_free(struct nets *nets);
