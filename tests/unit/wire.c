// SPDX-License-Identifier: LGPL-2.1-or-later
/* The rules on the values of a request, and the shape of what is on the wire. */
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

static void what_both_sides_must_find_keeps_its_place(void **state) {
    assert_int_equal(offsetof(struct wire_request, magic), 0);
    assert_int_equal(offsetof(struct wire_request, version), 4);
    assert_int_equal(offsetof(struct wire_reply, magic), 0);
    assert_int_equal(offsetof(struct wire_reply, version), 4);
    assert_int_equal(offsetof(struct wire_reply, status), 8);
    assert_int_equal(offsetof(struct wire_reply, stage), 12);
}

/* What programs that are installed somewhere were compiled with: only what is after it can change. */
static void no_field_of_the_first_program_of_this_version_moves(void **state) {
    assert_int_equal(WIRE_VERSION, 2);
    assert_int_equal(offsetof(struct wire_request, request_size), 8);
    assert_int_equal(offsetof(struct wire_request, interface_size), 12);
    assert_int_equal(offsetof(struct wire_request, count), 16);
    assert_int_equal(offsetof(struct wire_request, reply_size), 20);
    assert_int_equal(offsetof(struct wire_request, device_size), 24);
    assert_int_equal(offsetof(struct wire_interface, bridge), 16);
    assert_int_equal(offsetof(struct wire_interface, guest_mac), 32);
    assert_int_equal(offsetof(struct wire_interface, host_mac), 38);
    assert_int_equal(offsetof(struct wire_interface, mtu), 44);
    assert_int_equal(offsetof(struct wire_interface, queues), 48);
    assert_int_equal(offsetof(struct wire_interface, vnet_hdr), 50);
    assert_int_equal(offsetof(struct wire_interface, netns), 52);
    assert_int_equal(offsetof(struct wire_reply, error), 16);
    assert_int_equal(offsetof(struct wire_reply, interface), 20);
    assert_int_equal(offsetof(struct wire_reply, faults), 24);
    assert_int_equal(offsetof(struct wire_reply, count), 28);
    assert_int_equal(offsetof(struct wire_reply, request_size), 32);
    assert_int_equal(offsetof(struct wire_reply, interface_size), 36);
    assert_int_equal(offsetof(struct wire_device, bridge), 16);
    assert_int_equal(offsetof(struct wire_device, rule), 32);
    assert_int_equal(offsetof(struct wire_device, guest_mac), 68);
    assert_int_equal(offsetof(struct wire_device, host_mac), 74);
    assert_int_equal(offsetof(struct wire_device, ifindex), 80);
    assert_int_equal(offsetof(struct wire_device, mtu), 84);
    assert_int_equal(offsetof(struct wire_device, queues), 88);
    assert_int_equal(offsetof(struct wire_device, slot), 90);
    assert_int_equal(WIRE_OTHER_VERSION, 1);
    assert_int_equal(WIRE_FAILED, 8);
    assert_int_equal(WIRE_UNKNOWN_FIELD, 11);
}

static struct wire_reply a_reply(void) {
    struct wire_reply reply = {.magic = WIRE_MAGIC, .version = WIRE_VERSION, .count = 2};

    memset(&reply.request_size, 0xaa, 2 * sizeof(uint32_t));
    memset(&reply.device[0], 0xbb, sizeof(reply.device[0]));
    memset(&reply.device[1], 0xcc, sizeof(reply.device[1]));
    return reply;
}

static void a_reply_has_the_sizes_that_the_asker_has(void **state) {
    static uint8_t bytes[WIRE_MESSAGE_MOST];
    struct wire_request request = {.count = 2, .reply_size = WIRE_REPLY_HEADER, .device_size = sizeof(struct wire_device)};
    struct wire_reply reply = a_reply();
    size_t whole = WIRE_REPLY_HEADER + 2 * sizeof(struct wire_device);

    assert_int_equal(wire_reply_write(&reply, &request, bytes), whole);
    assert_memory_equal(bytes, &reply, whole);
}

static void an_older_asker_gets_the_beginnings(void **state) {
    static uint8_t bytes[WIRE_MESSAGE_MOST];
    struct wire_request request = {.count = 2, .reply_size = WIRE_REPLY_FIRST, .device_size = 50};
    struct wire_reply reply = a_reply();

    assert_int_equal(wire_reply_write(&reply, &request, bytes), WIRE_REPLY_FIRST + 100);
    assert_memory_equal(bytes, &reply, WIRE_REPLY_FIRST);
    assert_memory_equal(bytes + WIRE_REPLY_FIRST, &reply.device[0], 50);
    assert_memory_equal(bytes + WIRE_REPLY_FIRST + 50, &reply.device[1], 50);
}

static void a_newer_asker_gets_zeros_for_what_we_do_not_know(void **state) {
    static uint8_t bytes[WIRE_MESSAGE_MOST], zeros[WIRE_PART_MOST];
    struct wire_request request = {.count = 2, .reply_size = 100, .device_size = 200};
    struct wire_reply reply = a_reply();
    size_t rest = 200 - sizeof(struct wire_device);

    memset(bytes, 0xff, sizeof(bytes));
    assert_int_equal(wire_reply_write(&reply, &request, bytes), 500);
    assert_memory_equal(bytes, &reply, WIRE_REPLY_HEADER);
    assert_memory_equal(bytes + WIRE_REPLY_HEADER, zeros, 100 - WIRE_REPLY_HEADER);
    assert_memory_equal(bytes + 100, &reply.device[0], sizeof(struct wire_device));
    assert_memory_equal(bytes + 100 + sizeof(struct wire_device), zeros, rest);
    assert_memory_equal(bytes + 300, &reply.device[1], sizeof(struct wire_device));
    assert_memory_equal(bytes + 300 + sizeof(struct wire_device), zeros, rest);
    assert_int_equal(bytes[500], 0xff);
}

static void the_reply_to_what_was_not_understood_is_of_the_first_size(void **state) {
    static const struct wire_request not_understood;
    static uint8_t bytes[WIRE_MESSAGE_MOST];
    struct wire_reply reply = a_reply();

    memset(bytes, 0xff, sizeof(bytes));
    assert_int_equal(wire_reply_write(&reply, &not_understood, bytes), WIRE_REPLY_FIRST);
    assert_memory_equal(bytes, &reply, WIRE_REPLY_FIRST);
    assert_int_equal(bytes[WIRE_REPLY_FIRST], 0xff);
}

static void sizes_that_the_asker_left_out_are_the_first(void **state) {
    static uint8_t bytes[WIRE_MESSAGE_MOST];
    struct wire_request request = {.count = 64};
    struct wire_reply reply = a_reply();

    assert_int_equal(wire_reply_write(&reply, &request, bytes), WIRE_REPLY_FIRST + 64 * WIRE_DEVICE_FIRST);
}

static void a_devices_name_has_letters_digits_underscore_and_dash(void **state) {
    static const char *const names[] = {"a", "Z", "vm1", "u1000-vm1", "a_b", "a-", "a_", "abcdefghijklmno", ""};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (!wire_dev_valid(names[i])) fail_msg("'%s'", names[i]);
}

static void every_other_byte_is_refused_in_a_devices_name(void **state) {
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

static void names_with_a_meaning_are_refused(void **state) {
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

static void a_bridges_name_is_what_the_kernel_may_print(void **state) {
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

static void a_good_interface_is_valid_and_so_is_one_of_defaults(void **state) {
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

static void numbers_have_their_bounds(void **state) {
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

static void a_network_namespace_is_the_callers_or_the_hosts(void **state) {
    struct wire_interface asked = good;

    asked.netns = WIRE_NETNS_HOST;
    assert_true(wire_interface_valid(&asked));
    for (unsigned bit = 1; bit < 32; bit++) {
        asked.netns = 1u << bit;
        assert_false(wire_interface_valid(&asked));
    }
}

static void without_a_bridge_the_mtu_is_at_least_that_of_ipv6(void **state) {
    struct wire_interface asked = {.queues = 1};

    for (asked.mtu = WIRE_MTU_MIN; asked.mtu < WIRE_MTU_IPV6; asked.mtu++) {
        assert_false(wire_interface_valid(&asked));
    }
    assert_true(wire_interface_valid(&asked));
    memcpy(asked.bridge, "br0", 3); /* the policy decides, with what it knows of the bridge */
    for (asked.mtu = WIRE_MTU_MIN; asked.mtu < WIRE_MTU_IPV6; asked.mtu++) {
        assert_true(wire_interface_valid(&asked));
    }
    asked.mtu = WIRE_MTU_MIN - 1;
    assert_false(wire_interface_valid(&asked));
}

static void rules_and_interfaces_are_called_by_a_word(void **state) {
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
    cmocka_unit_test(what_both_sides_must_find_keeps_its_place),
    cmocka_unit_test(no_field_of_the_first_program_of_this_version_moves),
    cmocka_unit_test(a_reply_has_the_sizes_that_the_asker_has),
    cmocka_unit_test(an_older_asker_gets_the_beginnings),
    cmocka_unit_test(a_newer_asker_gets_zeros_for_what_we_do_not_know),
    cmocka_unit_test(the_reply_to_what_was_not_understood_is_of_the_first_size),
    cmocka_unit_test(sizes_that_the_asker_left_out_are_the_first),
    cmocka_unit_test(a_devices_name_has_letters_digits_underscore_and_dash),
    cmocka_unit_test(every_other_byte_is_refused_in_a_devices_name),
    cmocka_unit_test(long_name_is_refused_not_cut),
    cmocka_unit_test(names_with_a_meaning_are_refused),
    cmocka_unit_test(generated_names_are_refused),
    cmocka_unit_test(a_generated_name_is_tg_and_digits),
    cmocka_unit_test(a_bridges_name_is_what_the_kernel_may_print),
    cmocka_unit_test(a_good_interface_is_valid_and_so_is_one_of_defaults),
    cmocka_unit_test(a_bad_name_makes_an_interface_invalid),
    cmocka_unit_test(a_name_without_its_nul_is_refused),
    cmocka_unit_test(bytes_behind_a_names_nul_are_refused),
    cmocka_unit_test(multicast_addresses_are_refused),
    cmocka_unit_test(a_host_address_equal_to_the_guests_is_refused),
    cmocka_unit_test(numbers_have_their_bounds),
    cmocka_unit_test(a_network_namespace_is_the_callers_or_the_hosts),
    cmocka_unit_test(rules_and_interfaces_are_called_by_a_word),
};

int main(void) { return cmocka_run_group_tests(tests, NULL, NULL); }
