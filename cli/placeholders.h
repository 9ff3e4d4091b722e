/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within the command: {fd} {fds} {dev} {host-mac} {guest-mac} in the words of run's COMMAND.  With one interface as
 * they stand; with several by number, {0.fd}, {1.dev}.  Any other brace stays.
 */
#pragma once

#include "command.h"

/*
 * WORD with every placeholder replaced, for free(3).  NULL: FAULT, of SIZE bytes, says why one of them cannot be.
 */
char *placeholders_expand(const char *word, struct tapgrant_device *const devices[], size_t count, char *fault, size_t size);
