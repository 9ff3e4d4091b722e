// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Names, files and kernel messages can hold what a terminal obeys: escape sequences that move the
 * cursor or change earlier output.  Whatever is printed goes through here.
 * Hostile here: the text.  Privilege held: none.
 */
#include "wire/text.h"

#include <stdio.h>

#define ESCAPE 4 /* bytes of \xHH */

const char *text_printable(const char *text, char *out, size_t size) {
    size_t used = 0;

    for (; *text && used + ESCAPE + 1 < size; text++) {
        if (*text >= ' ' && *text <= '~') {
            out[used] = *text;
            used++;
        } else {
            snprintf(out + used, size - used, "\\x%02x", (unsigned char)*text);
            used += ESCAPE;
        }
    }
    out[used] = 0;
    return out;
}
