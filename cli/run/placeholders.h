/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within the command: {fd} {fds} {dev} {host-mac} {guest-mac} in the words of run's COMMAND.  With one interface as
 * they stand; with several by number, {0.fd}, {1.dev}, or by the label that a file gave it, {web.fd}.  Any other brace stays.
 */
#pragma once

#include "cli/command.h"

struct placeholders {
    struct tapgrant_device *const *devices;
    const char *const *labels; /* of each: "" where it has none; NULL: none has */
    size_t count;
};

/*
 * WORD with every placeholder replaced, for free(3).  NULL: FAULT, of SIZE bytes, says why one of them cannot be.
 */
char *placeholders_expand(const struct placeholders *placeholders, const char *word, char *fault, size_t size);
