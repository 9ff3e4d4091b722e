/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within the command: what is added to the library's "denied by policy".  The library does not
 * know the policy, and the privileged step does not tell a cause.  This process reads the policy
 * with the rights of its user.
 */
#pragma once

#include "lib/tapgrant.h"

/*
 * Adds check's first reason to ERROR, if that is a denial of one of the interfaces SPEC[COUNT], and
 * if the policy can be read.  For root by sudo(8) the hint then says so, if that is the cause.
 */
void denial_explain(const char *const spec[], size_t count, struct tapgrant_error *error);
