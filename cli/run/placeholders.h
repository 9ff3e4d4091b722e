/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within run: {fd} {fds} {dev} {host-mac} {guest-mac} in the words of COMMAND.  With several
 * interfaces they are numbered, {0.fd}, {1.dev}, or have the label of a file's definition,
 * {web.fd}.  Any other brace stays as it is.
 */
#pragma once

#include "cli/command.h"

struct placeholders {
    struct tapgrant_device *const *devices;
    const char *const *labels; /* of each device, "": none; NULL: no device has one */
    size_t count;
};

/*
 * Returns WORD with every placeholder replaced, for free(3).  NULL: one cannot be replaced, and
 * FAULT, of SIZE bytes, says why.
 */
char *placeholders_expand(const struct placeholders *placeholders,
                          const char *word,
                          char *fault,
                          size_t size);
