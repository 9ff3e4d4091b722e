// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Ethernet addresses: which of them are absent, how they are written, and how a tap's address is
 * made from its guest's.
 */
#include "wire/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t absent[6];
static const uint8_t guest[6] = {0x52, 0x54, 0, 0x12, 0x34, 0x56};

static void an_address_of_zeros_is_absent(void **state) {
    uint8_t mac[6] = {0};

    assert_true(wire_mac_absent(mac));
    for (int i = 0; i < 6; i++) {
        mac[i] = 0x80;
        assert_false(wire_mac_absent(mac));
        mac[i] = 0;
    }
}

static void an_address_is_written_in_lower_case(void **state) {
    static const uint8_t mac[6] = {0x02, 0, 0xAB, 0xcd, 0xEF, 0xff};
    char text[WIRE_MAC_TEXT];

    assert_ptr_equal(wire_mac_text(mac, text), text);
    assert_string_equal(text, "02:00:ab:cd:ef:ff");
}

static void the_tap_gets_the_address_that_was_asked_for(void **state) {
    static const uint8_t host[6] = {0x02, 1, 2, 3, 4, 5};
    uint8_t tap[6];

    wire_mac_for_tap(guest, host, tap);
    assert_memory_equal(tap, host, 6);
    wire_mac_for_tap(absent, host, tap);
    assert_memory_equal(tap, host, 6);
}

static void the_taps_address_is_made_from_the_guests(void **state) {
    uint8_t tap[6];

    wire_mac_for_tap(guest, absent, tap);
    assert_memory_equal(tap, "\xfe\x54\x00\x12\x34\x56", 6);
}

static void a_tap_never_has_its_guests_address(void **state) {
    uint8_t tap[6];

    for (int byte = 0; byte < 256; byte += 2) {
        uint8_t own[6] = {(uint8_t)byte, 0x54, 0, 0x12, 0x34, 0x56};

        wire_mac_for_tap(own, absent, tap);
        assert_int_equal(tap[0], byte == 0xfe ? 0xfa : 0xfe);
        assert_memory_equal(tap + 1, own + 1, 5);
    }
}

static void without_a_guest_address_none_is_made(void **state) {
    uint8_t tap[6] = {1, 1, 1, 1, 1, 1};

    wire_mac_for_tap(absent, absent, tap);
    assert_true(wire_mac_absent(tap));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(an_address_of_zeros_is_absent),
    cmocka_unit_test(an_address_is_written_in_lower_case),
    cmocka_unit_test(the_tap_gets_the_address_that_was_asked_for),
    cmocka_unit_test(the_taps_address_is_made_from_the_guests),
    cmocka_unit_test(a_tap_never_has_its_guests_address),
    cmocka_unit_test(without_a_guest_address_none_is_made),
};

int main(void) {
    return cmocka_run_group_tests(tests, NULL, NULL);
}
