/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within the command: what the administrator's definitions, those of tapgrant-apply(8)'s own folder, say of a tap. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/*
 * The owner that is declared for the device DEV under LABEL.  False: none is, he is not known here, or the folder or a file
 * of it cannot be read, or is one that tapgrant-apply(8) would not take; which is said nowhere.
 */
bool declared_owner(const char *label, const char *dev, uid_t *uid);
