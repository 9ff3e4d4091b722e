/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within tapgrant-apply: whom a change interrupts, and for how long. */
#pragma once

#include "apply/resource.h"

#define INTERRUPTION_USER 96     /* bytes for a user's name, printable */
#define INTERRUPTION_HOLDERS 900 /* bytes for RESOURCE_HOLDERS of them */
#define INTERRUPTION_TEXT (INTERRUPTION_HOLDERS + 160)

/* What was done to the holders, or in a dry run would be. */
enum interruption interruption_of(const struct resource *resource, bool dry_run);

/* Does the tap stay interrupted, because a change failed and could not be put back? */
bool interruption_lasts(const struct resource *resource);

/* How many holders are named. */
size_t interruption_named_holders(const struct resource *resource);

/* The user's name, or "uid N". */
const char *interruption_user(uid_t uid, char text[INTERRUPTION_USER]);

/* The holders for a sentence: the programs, their process ids and users. */
const char *interruption_holders(const struct resource *resource, char text[INTERRUPTION_HOLDERS]);

/* Who was, or in a dry run would be, interrupted, and for how long.  "": nobody. */
const char *interruption_text(const struct resource *resource,
                              bool dry_run,
                              char text[INTERRUPTION_TEXT]);
