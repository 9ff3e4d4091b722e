/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within show: definitions as libvirt's documents. */
#pragma once

#include "conf/definitions/definitions.h"

/*
 * Writes libvirt's <interface> of a definition that was checked.  Keys for which libvirt has
 * nothing become comments.
 */
void show_libvirt(const struct definition *definition, FILE *out);

/* Was the key given, and has libvirt nothing for it? */
bool show_libvirt_lacks(const struct interface *interface, enum interface_key key);
