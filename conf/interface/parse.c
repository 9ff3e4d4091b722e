// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The text of --net -> struct interface.
 * Hostile here: the text, which may be anybody's.  Privilege held: none.
 */
#include "conf/interface/fault.h"
#include "conf/interface/interface.h"
#include "wire/text.h"

#include <errno.h>
#include <string.h>

#define PIECE 1024 /* bytes of key=value, with a NUL: more than any value may have */

/*
 * Copies SPEC up to the next single comma into PIECE; a doubled one is a comma of the value.
 * Returns what is behind the comma.  NULL: nothing is, or PIECE is too small.
 */
static const char *read_piece(const char *spec, char piece[PIECE]) {
    size_t used = 0;

    while (*spec && (spec[0] != ',' || spec[1] == ',')) {
        if (used + 1 == PIECE) {
            return NULL;
        }
        piece[used] = *spec;
        used++;
        spec += *spec == ',' ? 2 : 1;
    }
    piece[used] = 0;
    if (!*spec) {
        return spec;
    }
    return spec[1] ? spec + 1 : NULL;
}

/* PIECE is key=value. */
static int set_piece(struct interface *interface,
                     char piece[PIECE],
                     struct interface_fault *fault) {
    char *equals = strchr(piece, '=');
    char shown[160];

    if (!equals) {
        return fault_refuse(fault, "'%s' is not key=value (a comma in a value is doubled)",
                            text_printable(piece, shown, sizeof(shown)));
    }
    *equals = 0;
    return interface_set(interface, piece, equals + 1, fault);
}

int interface_parse(struct interface *interface, const char *spec, struct interface_fault *fault) {
    char piece[PIECE];
    const char *next = spec;

    interface_init(interface);
    *fault = (struct interface_fault){.object = "--net", .key = INTERFACE_KEYS};
    while (*next) {
        next = read_piece(next, piece);
        if (!next) {
            return fault_refuse(fault, "a comma at the end, or a key and value of over 1023 bytes");
        }
        if (set_piece(interface, piece, fault)) {
            return -EINVAL;
        }
    }
    return interface_check(interface, fault);
}
