/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes text that is not ours safe to print.  The helper prints nothing, and does not have this. */
#pragma once

#include <stddef.h>

/*
 * TEXT with every byte that is not printable ASCII as \xHH, into OUT, which it returns.  SIZE is at
 * least 1; what does not fit is left out, and no \xHH is cut.
 */
const char *text_printable(const char *text, char *out, size_t size);
