// SPDX-License-Identifier: LGPL-2.1-or-later
/* Text from others, in a form that is safe on a terminal. */
#include "wire/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void printable_text_stays_as_it_is(void **state) {
    char out[128];
    char all['~' - ' ' + 2] = "";

    for (int byte = ' '; byte <= '~'; byte++) {
        all[byte - ' '] = (char)byte;
    }
    assert_ptr_equal(text_printable(all, out, sizeof(out)), out);
    assert_string_equal(out, all);
    assert_string_equal(text_printable("", out, sizeof(out)), "");
}

static void other_bytes_are_shown_in_hexadecimal(void **state) {
    char out[32];

    memset(out, '#', sizeof(out));
    assert_string_equal(text_printable("\x1b[2J\x7f\xff\n", out, sizeof(out)),
                        "\\x1b[2J\\x7f\\xff\\x0a");
}

static void text_is_cut_to_the_room_for_it(void **state) {
    char out[16];

    for (size_t size = 6; size < sizeof(out); size++) {
        memset(out, '#', sizeof(out));
        text_printable("\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b", out, size);
        assert_in_range(strlen(out), 1, size - 1);
        assert_int_equal(strlen(out) % 4, 0);
        assert_int_equal(out[size], '#');
    }
}

static void text_is_empty_if_its_first_byte_has_no_room(void **state) {
    char out[6] = "#####";

    assert_string_equal(text_printable("\x1b", out, 4), "");
    assert_string_equal(text_printable("x", out, 1), "");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(printable_text_stays_as_it_is),
    cmocka_unit_test(other_bytes_are_shown_in_hexadecimal),
    cmocka_unit_test(text_is_cut_to_the_room_for_it),
    cmocka_unit_test(text_is_empty_if_its_first_byte_has_no_room),
};

int main(void) {
    return cmocka_run_group_tests(tests, NULL, NULL);
}
