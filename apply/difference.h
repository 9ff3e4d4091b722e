/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within tapgrant-apply: one difference in words. */
#pragma once

#include "apply/resource.h"

#define DIFFERENCE_TEXT 160

/* As a report calls it: the key of a definition, or a word of our own.  N: of enum difference. */
const char *difference_name(unsigned n);

/* The value that was found, and the one that is to be; for a resource that has a definition. */
const char *difference_from(const struct resource *resource,
                            unsigned n,
                            char text[DIFFERENCE_TEXT]);
const char *difference_to(const struct resource *resource, unsigned n, char text[DIFFERENCE_TEXT]);
