// SPDX-License-Identifier: LGPL-2.1-or-later
/* The rules for the values of a request, and the layout of requests and replies. */
#include "wire/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct wire_interface good = {
    "u1000-vm1", "br0", {0x52, 0x54, 0, 1, 2, 3}, {0xfe, 0x54, 0, 1, 2, 3}, 1500, 4, 1};

static bool is_letter(int byte) { return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z'); }

static bool is_name(int byte) { return is_letter(byte) || (byte >= '0' && byte <= '9') || byte == '_' || byte == '-'; }

static void fields_that_every_version_reads_keep_their_place(void **state) {
    assert_int_equal(offsetof(struct wire_request, magic), 0);
    assert_int_equal(offsetof(struct wire_request, version), 4);
    assert_int_equal(offsetof(struct wire_reply, magic), 0);
    assert_int_equal(offsetof(struct wire_reply, version), 4);
    assert_int_equal(offsetof(struct wire_reply, status), 8);
    assert_int_equal(offsetof(struct wire_reply, stage), 12);
}

static void a_tap_name_has_letters_digits_underscore_and_dash(void **state) {
    static const char *const names[] = {"a", "Z", "vm1", "u1000-vm1", "a_b", "a-", "a_", "abcdefghijklmno", ""};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (!wire_dev_valid(names[i])) fail_msg("'%s'", names[i]);
}

static void every_other_byte_is_refused_in_a_tap_name(void **state) {
    for (int byte = 1; byte < 256; byte++) {
        if (wire_dev_valid((const char[]){(char)byte, 0}) != is_letter(byte)) fail_msg("first byte %d", byte);
        if (wire_dev_valid((const char[]){'a', (char)byte, 'b', 0}) != is_name(byte)) fail_msg("byte %d", byte);
        if (wire_dev_valid((const char[]){'a', (char)byte, 0}) != is_name(byte)) fail_msg("last byte %d", byte);
    }
}

static void long_name_is_refused_not_cut(void **state) {
    char name[300] = "abcdefghijklmno";

    assert_true(wire_dev_valid(name));
    assert_true(wire_bridge_valid(name));
    for (size_t length = 15; length < sizeof(name) - 1; length++) {
        name[length] = 'x';
        assert_false(wire_dev_valid(name));
        assert_false(wire_bridge_valid(name));
    }
}

static void names_that_mean_something_elsewhere_are_refused(void **state) {
    assert_false(wire_dev_valid("all"));
    assert_false(wire_dev_valid("default"));
    assert_false(wire_dev_valid("none"));
    assert_true(wire_dev_valid("all1"));
    assert_true(wire_dev_valid("al"));
    assert_true(wire_dev_valid("nonesuch"));
    assert_true(wire_dev_valid("default-1"));
}

static void generated_names_are_refused(void **state) {
    assert_false(wire_dev_valid("tg0"));
    assert_false(wire_dev_valid("tg7"));
    assert_false(wire_dev_valid("tg0123456789012"));
    assert_true(wire_dev_valid("tg"));
    assert_true(wire_dev_valid("tga"));
    assert_true(wire_dev_valid("tg1a"));
    assert_true(wire_dev_valid("tg-1"));
    assert_true(wire_dev_valid("atg1"));
    assert_true(wire_dev_valid("TG1"));
}

static void a_generated_name_is_tg_and_digits(void **state) {
    assert_true(wire_dev_generated("tg0"));
    assert_true(wire_dev_generated("tg0123456789012"));
    assert_false(wire_dev_generated("tg"));
    assert_false(wire_dev_generated("tg1a"));
    assert_false(wire_dev_generated("atg1"));
    assert_false(wire_dev_generated(""));
}

static void a_bridge_name_has_printable_bytes_without_blank_and_slash(void **state) {
    assert_true(wire_bridge_valid(""));
    assert_true(wire_bridge_valid("br0"));
    assert_true(wire_bridge_valid("br-lab.5"));
    assert_true(wire_bridge_valid("0br"));
    assert_false(wire_bridge_valid("none"));
    assert_true(wire_bridge_valid("none1"));
    for (int byte = 1; byte < 256; byte++) {
        bool want = byte > ' ' && byte <= '~' && byte != '/';

        if (wire_bridge_valid((const char[]){'b', (char)byte, 'r', 0}) != want) fail_msg("byte %d", byte);
        if (wire_bridge_valid((const char[]){(char)byte, 0}) != want) fail_msg("first byte %d", byte);
    }
}

static void a_full_interface_and_one_of_defaults_are_valid(void **state) {
    assert_true(wire_interface_valid(&good));
    assert_true(wire_interface_valid(&(struct wire_interface){.queues = 1}));
}

static void a_bad_name_makes_an_interface_invalid(void **state) {
    struct wire_interface asked = good;

    memcpy(asked.dev, "1vm\0\0\0\0\0\0", 9);
    assert_false(wire_interface_valid(&asked));
    asked = good;
    memcpy(asked.bridge, "a/b", 3);
    assert_false(wire_interface_valid(&asked));
}

static void a_name_without_its_nul_is_refused(void **state) {
    struct wire_interface asked = good;

    memset(asked.dev, 'a', sizeof(asked.dev));
    assert_false(wire_interface_valid(&asked));
    asked = good;
    memset(asked.bridge, 'a', sizeof(asked.bridge));
    assert_false(wire_interface_valid(&asked));
}

static void bytes_behind_a_names_nul_are_refused(void **state) {
    struct wire_interface asked;

    for (size_t i = strlen(good.dev) + 1; i < WIRE_NAME; i++) {
        asked = good;
        asked.dev[i] = 'x';
        assert_false(wire_interface_valid(&asked));
    }
    for (size_t i = strlen(good.bridge) + 1; i < WIRE_NAME; i++) {
        asked = good;
        asked.bridge[i] = 'x';
        assert_false(wire_interface_valid(&asked));
    }
    asked = (struct wire_interface){.dev = "\0x", .queues = 1};
    assert_false(wire_interface_valid(&asked));
}

static void multicast_addresses_are_refused(void **state) {
    struct wire_interface asked = good;

    asked.guest_mac[0] |= 1;
    assert_false(wire_interface_valid(&asked));
    asked = good;
    asked.host_mac[0] |= 1;
    assert_false(wire_interface_valid(&asked));
    asked = good;
    asked.guest_mac[1] |= 1;
    assert_true(wire_interface_valid(&asked));
}

static void a_host_address_equal_to_the_guests_is_refused(void **state) {
    struct wire_interface asked = good;

    memcpy(asked.host_mac, asked.guest_mac, 6);
    assert_false(wire_interface_valid(&asked));
    memset(asked.host_mac, 0, 6);
    assert_true(wire_interface_valid(&asked));
    memset(asked.guest_mac, 0, 6);
    assert_true(wire_interface_valid(&asked));
}

static void numbers_outside_their_bounds_are_refused(void **state) {
    static const struct {
        uint32_t mtu;
        uint16_t queues, vnet_hdr;
        bool valid;
    } one[] = {{0, 1, 0, true},      {1, 1, 0, false},     {67, 1, 0, false},         {1280, 1, 0, true},
               {65521, 1, 0, true},  {65522, 1, 0, false}, {UINT32_MAX, 1, 0, false}, {0, 0, 0, false},
               {0, 253, 0, true},    {0, 254, 0, false},   {0, UINT16_MAX, 0, false}, {0, 1, 1, true},
               {0, 1, 2, false},     {0, 1, UINT16_MAX, false}};

    for (size_t i = 0; i < sizeof(one) / sizeof(one[0]); i++) {
        struct wire_interface asked = {.mtu = one[i].mtu, .queues = one[i].queues, .vnet_hdr = one[i].vnet_hdr};

        if (wire_interface_valid(&asked) != one[i].valid)
            fail_msg("mtu %u, queues %u, vnet_hdr %u", one[i].mtu, one[i].queues, one[i].vnet_hdr);
    }
}

static void without_a_bridge_the_mtu_is_at_least_that_of_ipv6(void **state) {
    struct wire_interface asked = {.queues = 1};

    for (asked.mtu = WIRE_MTU_MIN; asked.mtu < WIRE_MTU_IPV6; asked.mtu++) {
        assert_false(wire_interface_valid(&asked));
    }
    assert_true(wire_interface_valid(&asked));
    memcpy(asked.bridge, "br0", 3); /* for a port the policy decides: it knows the bridge */
    for (asked.mtu = WIRE_MTU_MIN; asked.mtu < WIRE_MTU_IPV6; asked.mtu++) {
        assert_true(wire_interface_valid(&asked));
    }
    asked.mtu = WIRE_MTU_MIN - 1;
    assert_false(wire_interface_valid(&asked));
}

static void names_of_rules_and_labels_are_words_of_1_to_32_bytes(void **state) {
    char word[] = "abcdefghijklmnopqrstuvwxyz0123456";

    assert_false(wire_word_valid(word));
    word[32] = 0;
    assert_true(wire_word_valid(word));
    assert_true(wire_word_valid("-"));
    assert_true(wire_word_valid("0"));
    assert_false(wire_word_valid(""));
    for (int byte = 1; byte < 256; byte++) {
        if (wire_word_valid((const char[]){'a', (char)byte, 0}) != is_name(byte)) {
            fail_msg("byte %d", byte);
        }
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(without_a_bridge_the_mtu_is_at_least_that_of_ipv6),
    cmocka_unit_test(fields_that_every_version_reads_keep_their_place),
    cmocka_unit_test(a_tap_name_has_letters_digits_underscore_and_dash),
    cmocka_unit_test(every_other_byte_is_refused_in_a_tap_name),
    cmocka_unit_test(long_name_is_refused_not_cut),
    cmocka_unit_test(names_that_mean_something_elsewhere_are_refused),
    cmocka_unit_test(generated_names_are_refused),
    cmocka_unit_test(a_generated_name_is_tg_and_digits),
    cmocka_unit_test(a_bridge_name_has_printable_bytes_without_blank_and_slash),
    cmocka_unit_test(a_full_interface_and_one_of_defaults_are_valid),
    cmocka_unit_test(a_bad_name_makes_an_interface_invalid),
    cmocka_unit_test(a_name_without_its_nul_is_refused),
    cmocka_unit_test(bytes_behind_a_names_nul_are_refused),
    cmocka_unit_test(multicast_addresses_are_refused),
    cmocka_unit_test(a_host_address_equal_to_the_guests_is_refused),
    cmocka_unit_test(numbers_outside_their_bounds_are_refused),
    cmocka_unit_test(names_of_rules_and_labels_are_words_of_1_to_32_bytes),
};

int main(void) { return cmocka_run_group_tests(tests, NULL, NULL); }
