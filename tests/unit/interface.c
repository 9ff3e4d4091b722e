// SPDX-License-Identifier: LGPL-2.1-or-later
/* An interface as its user describes it, and the faults of a wrong description. */
#include "conf/interface/interface.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define LONG127 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl" \
                "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"

static struct interface interface; /* of the running case */
static struct interface_fault fault;

/* SPEC is accepted.  The result is in interface. */
static void accepts(const char *spec) {
    if (interface_parse(&interface, spec, &fault)) fail_msg("'%s': %s", spec, fault.reason);
}

/* SPEC is refused with a reason that begins with REASON. */
static void refuses(const char *spec, const char *reason) {
    int error = interface_parse(&interface, spec, &fault);

    if (error != -EINVAL || strncmp(fault.reason, reason, strlen(reason)))
        fail_msg("'%s': %d, %s", spec, error, error ? fault.reason : "accepted");
    assert_string_equal(fault.object, "--net");
}

/* Each of the values is refused for KEY, and the reason names it. */
static void refuses_values(const char *key, const char *const values[]) {
    char spec[256], reason[256];

    for (; *values; values++) {
        snprintf(spec, sizeof(spec), "%s=%s", key, *values);
        snprintf(reason, sizeof(reason), "invalid '%s' value '%s' (", key, *values);
        refuses(spec, reason);
    }
}

static void an_empty_spec_is_a_managed_tap_with_one_queue(void **state) {
    static const struct interface defaults = {.managed = true, .queues = 1, .vnet_hdr = true};

    accepts("");
    assert_memory_equal(interface.given, defaults.given, sizeof(defaults.given));
    assert_true(interface.managed && interface.vnet_hdr);
    assert_false(interface.persist || interface_bridged(&interface));
    assert_int_equal(interface.queues, 1);
    assert_int_equal(interface.mtu, 0);
    assert_string_equal(interface.dev, "");
    assert_string_equal(interface.bridge, "");
    assert_true(wire_mac_absent(interface.guest_mac) && wire_mac_absent(interface.host_mac));
}

static void every_key_is_read(void **state) {
    accepts("dev=u1000-vm1,type=bridge,managed=yes,bridge=br0,guest-mac=52:54:00:AB:cd:56,host-mac=fe:54:00:12:34:56,"
            "mtu=9000,queues=4,netns=own,vnet-hdr=no,persist=yes,script=/etc/up,downscript=/etc/down");
    for (int key = 0; key < INTERFACE_KEY_OWNER; key++) assert_true(interface.given[key]);
    assert_string_equal(interface.dev, "u1000-vm1");
    assert_int_equal(interface.type, INTERFACE_BRIDGE);
    assert_true(interface.managed && interface.persist);
    assert_false(interface.vnet_hdr || interface.host_netns);
    assert_string_equal(interface.bridge, "br0");
    assert_memory_equal(interface.guest_mac, "\x52\x54\x00\xab\xcd\x56", 6);
    assert_memory_equal(interface.host_mac, "\xfe\x54\x00\x12\x34\x56", 6);
    assert_int_equal(interface.mtu, 9000);
    assert_int_equal(interface.queues, 4);
    assert_string_equal(interface.script, "/etc/up");
    assert_string_equal(interface.downscript, "/etc/down");
}

static void only_keys_that_were_written_count_as_given(void **state) {
    accepts("managed=yes");
    assert_true(interface.given[INTERFACE_KEY_MANAGED]);
    assert_false(interface.given[INTERFACE_KEY_DEV]);
    accepts("dev=vm");
    assert_false(interface.given[INTERFACE_KEY_MANAGED]);
}

static void a_doubled_comma_is_one_comma_of_the_value(void **state) {
    accepts("script=/a,,b,queues=2");
    assert_string_equal(interface.script, "/a,b");
    assert_int_equal(interface.queues, 2);
    accepts("script=/a,,,,b,,");
    assert_string_equal(interface.script, "/a,,b,");
    accepts("script=a,,,queues=3");
    assert_string_equal(interface.script, "a,");
    assert_int_equal(interface.queues, 3);
}

static void a_value_may_have_an_equals_sign(void **state) {
    accepts("script=a=b");
    assert_string_equal(interface.script, "a=b");
}

static void a_word_without_key_and_value_is_refused(void **state) {
    refuses("dev=a,", "a comma at the end");
    refuses(",", "a comma at the end");
    refuses(",dev=a", "'' is not key=value");
    refuses("dev=a,mtu", "'mtu' is not key=value (a comma in a value is doubled)");
    refuses("vm1", "'vm1' is not key=value");
    refuses("de\x1b[2J", "'de\\x1b[2J' is not key=value");
}

static void a_key_given_twice_is_refused(void **state) {
    refuses("dev=a,mtu=1500,dev=b", "'dev' is given twice");
    refuses("managed=yes,managed=yes", "'managed' is given twice");
}

static void an_unknown_key_is_refused_with_the_known_ones(void **state) {
    refuses("colour=red", "unknown key 'colour' (dev, type, managed, bridge, guest-mac,");
    refuses("Dev=a", "unknown key 'Dev'");
    refuses(" dev=a", "unknown key ' dev'");
    refuses("=a", "unknown key ''");
    refuses("a\nb=1", "unknown key 'a\\x0ab'");
}

static void the_key_mac_is_refused_with_the_two_that_it_may_mean(void **state) {
    refuses("mac=52:54:00:12:34:56", "'mac' could be either end's: guest-mac is the address the guest uses");
    assert_non_null(strstr(fault.reason, "host-mac the tap's own"));
}

static void keys_of_the_administrators_definitions_are_refused(void **state) {
    refuses("owner=alice", "'owner' is for tapgrant-apply's definitions only");
    refuses("isolate=yes", "'isolate' is for tapgrant-apply's definitions only");
    refuses("lock-mac=yes", "'lock-mac' is for tapgrant-apply's definitions only");
}

static void an_empty_value_is_refused(void **state) {
    static const char *const keys[] = {"dev", "type", "bridge", "guest-mac", "host-mac", "mtu",
                                       "queues", "netns", "vnet-hdr", "persist", "script", "downscript"};
    char spec[32], reason[64];

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        snprintf(spec, sizeof(spec), "%s=", keys[i]);
        snprintf(reason, sizeof(reason), "'%s' has no value (", keys[i]);
        refuses(spec, reason);
    }
}

static void bad_values_are_refused_and_named(void **state) {
    static const char *const macs[] = {
        "52:54:00:12:34", "52:54:00:12:34:5", "52:54:00:12:34:567", "525400123456", "52-54-00-12-34-56",
        "52:54:00:12:34:5g", "53:54:00:12:34:56", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00", "any",
        "52:54:00:12:34: 5", "52:54:00:12:34:+5", "0x:54:00:12:34:56", "1:22:33:44:55:066", NULL};
    static const char *const mtus[] = {"67", "65522", "0", "-1", "+1500", "01500", "1500 ", "1e3", "0x5dc",
                                       "999999999", "4294968796", "18446744073709553116", "1500-9000", NULL};

    refuses_values("guest-mac", macs);
    refuses_values("host-mac", macs);
    refuses_values("type", (const char *const[]){"tap", "Bridge", "network", "ethernet ", NULL});
    refuses_values("mtu", mtus);
    refuses_values("queues", (const char *const[]){"0", "254", "-1", "65537", "04", "4k", NULL});
    refuses_values("netns", (const char *const[]){"yes", "Host", "own ", "/run/netns/a", "1", NULL});
    refuses_values("vnet-hdr", (const char *const[]){"on", "Yes", "1", "true", NULL});
    refuses_values("persist", (const char *const[]){"on", "No", "0", "nope", NULL});
    refuses_values("bridge", (const char *const[]){"a/b", "br 0", "abcdefghijklmnop", NULL});
}

static void without_a_bridge_an_mtu_is_at_least_that_of_ipv6(void **state) {
    static const char says[] = "'mtu' 1279 is below 1280: without a bridge ";

    refuses("mtu=1279", says);
    refuses("mtu=1279,bridge=none", says);
    refuses("mtu=68", "'mtu' 68 is below 1280");
    refuses("mtu=67", "invalid 'mtu' value '67'");
    accepts("mtu=1280");
    accepts("mtu=1280,bridge=none");
    accepts("mtu=1279,bridge=br0");
}

static void values_at_the_bounds_are_read(void **state) {
    accepts("mtu=68,bridge=br0,queues=1");
    assert_int_equal(interface.mtu, 68);
    accepts("mtu=65521,queues=253");
    assert_int_equal(interface.mtu, 65521);
    assert_int_equal(interface.queues, 253);
    accepts("bridge=abcdefghijklmno,dev=ABCDEFGHIJKLMN-");
    assert_string_equal(interface.bridge, "abcdefghijklmno");
    assert_string_equal(interface.dev, "ABCDEFGHIJKLMN-");
}

static void an_invalid_name_of_a_managed_interface_is_refused(void **state) {
    refuses_values("dev", (const char *const[]){"1vm", "-vm", "a.b", "a/b", "a b", "all", "default", "none", "tg0",
                                                "tg12", "abcdefghijklmnop", "vm%d", NULL});
    refuses("dev=" LONG127, "invalid 'dev' value 'abc");
}

static void an_unmanaged_interface_may_have_other_names(void **state) {
    accepts("managed=no,dev=tg0");
    accepts("managed=no,dev=eth0.100");
    accepts("dev=1vm,managed=no");
    assert_string_equal(interface.dev, "1vm");
    accepts("managed=no,dev=" LONG127);
    assert_string_equal(interface.dev, LONG127);
}

static void long_name_is_refused_not_cut(void **state) {
    refuses("managed=no,dev=" LONG127 "x", "invalid 'dev' value 'abc");
}

static void long_path_is_refused_not_cut(void **state) {
    char spec[1100] = "script=";

    memset(spec + 7, 'x', INTERFACE_PATH - 1);
    accepts(spec);
    assert_int_equal(strlen(interface.script), INTERFACE_PATH - 1);
    spec[7 + INTERFACE_PATH - 1] = 'x';
    refuses(spec, "invalid 'script' value 'xxx");
    memset(spec + 7, 'x', 1016);
    refuses(spec, "invalid 'script' value 'xxx");
    spec[1023] = 'x';
    refuses(spec, "a comma at the end, or a key and value of over 1023 bytes");
}

static void names_of_one_byte_are_accepted(void **state) {
    accepts("bridge=b,dev=d,type=bridge");
    accepts("bridge=b");
    assert_true(interface_bridged(&interface));
    accepts("managed=no,dev=d");
    refuses("managed=no,dev=d,bridge=b", "unmanaged target dev is not supported on interfaces of type 'bridge'");
    refuses("type=ethernet,bridge=b", "type=ethernet has no bridge");
}

static void a_fault_has_nothing_of_an_earlier_one(void **state) {
    memset(&fault, 'x', sizeof(fault));
    interface_init(&interface);
    assert_int_equal(interface_set(&interface, "mtu", "1", &fault), -EINVAL);
    assert_string_equal(fault.object, "--net");
    assert_string_equal(fault.hint, "");
    memset(&fault, 'x', sizeof(fault));
    interface.managed = false;
    assert_int_equal(interface_check(&interface, &fault), -EINVAL);
    assert_string_equal(fault.object, "--net");
    assert_string_equal(fault.hint, "");
    memset(&fault, 'x', sizeof(fault));
    refuses("dev", "'dev' is not key=value");
    assert_string_equal(fault.hint, "");
}

static void a_bridge_implies_its_type(void **state) {
    accepts("bridge=br0");
    assert_int_equal(interface.type, INTERFACE_IMPLIED);
    assert_true(interface_bridged(&interface));
    accepts("bridge=none");
    assert_false(interface_bridged(&interface));
    assert_string_equal(interface.bridge, "");
    accepts("type=ethernet,bridge=none");
    assert_false(interface_bridged(&interface));
    refuses("type=ethernet,bridge=br0", "type=ethernet has no bridge");
    refuses("type=bridge", "type=bridge needs a bridge=");
    refuses("type=bridge,bridge=none", "type=bridge needs a bridge=");
}

static void managed_is_yes_or_no_and_its_faults_have_libvirts_words(void **state) {
    accepts("managed=no,dev=tap0");
    assert_false(interface.managed);
    accepts("managed=yes");
    assert_true(interface.managed);
    refuses("managed=maybe", "invalid 'managed' value 'maybe'");
    assert_string_equal(fault.reason, "invalid 'managed' value 'maybe'");
    assert_string_equal(fault.hint, "managed is yes or no");
    refuses("managed=", "invalid 'managed' value ''");
    refuses("managed=Yes", "invalid 'managed' value 'Yes'");
}

static void only_ethernet_may_be_unmanaged_and_that_is_checked_first(void **state) {
    static const char reason[] = "unmanaged target dev is not supported on interfaces of type 'bridge'";

    refuses("managed=no,bridge=br0,dev=tap0", reason);
    refuses("managed=no,type=bridge,dev=tap0", reason);
    refuses("managed=no,bridge=br0", reason);
    refuses("managed=no,bridge=br0,mtu=1500", reason);
    accepts("managed=no,type=ethernet,bridge=none,dev=tap0");
}

static void an_unmanaged_interface_needs_a_name(void **state) {
    refuses("managed=no", "target dev must be supplied when managed='no'");
    refuses("managed=no,mtu=1500", "target dev must be supplied when managed='no'");
}

static void keys_without_effect_on_an_unmanaged_interface_are_refused(void **state) {
    refuses("managed=no,dev=tap0,host-mac=fe:54:00:12:34:56", "'host-mac' has no meaning with managed=no");
    refuses("managed=no,dev=tap0,mtu=1500", "'mtu' has no meaning with managed=no");
    refuses("managed=no,dev=tap0,netns=host", "'netns' has no meaning with managed=no");
    refuses("managed=no,dev=tap0,persist=no", "'persist' has no meaning with managed=no");
    accepts("managed=no,dev=tap0,guest-mac=52:54:00:12:34:56,queues=2,vnet-hdr=no,script=a,downscript=b");
}

static void what_must_find_the_tap_is_not_for_another_network_namespace(void **state) {
    refuses("netns=host,persist=yes", "'persist' is not for netns=host: ");
    refuses("netns=host,script=/etc/up", "'script' is not for netns=host: ");
    refuses("downscript=/etc/down,netns=host", "'downscript' is not for netns=host: ");
    accepts("netns=own,persist=yes,script=/etc/up,downscript=/etc/down");
    accepts("netns=host,persist=no,dev=vm,bridge=br0,queues=4,mtu=9000");
    assert_true(interface.host_netns);
}

static void a_host_address_equal_to_the_guests_is_refused(void **state) {
    refuses("guest-mac=52:54:00:12:34:ab,host-mac=52:54:00:12:34:AB", "host-mac is the same as guest-mac");
    accepts("guest-mac=52:54:00:12:34:56,host-mac=52:54:00:12:34:57");
}

/* A definition is saved whose dev is NAME.  Its dev is then LEFT. */
static void drops(const char *name, bool libvirts, const char *left) {
    interface_init(&interface);
    if (interface_set(&interface, "dev", name, &fault)) {
        fail_msg("%s", fault.reason);
    }
    interface_drop_generated(&interface, libvirts);
    assert_string_equal(interface.dev, left);
    assert_int_equal(interface.given[INTERFACE_KEY_DEV], *left != 0);
}

static void generated_names_are_dropped(void **state) {
    drops("tg0", false, "");
    drops("tg", false, "tg");
    drops("tg0x", false, "tg0x");
}

static void names_that_libvirt_generates_are_dropped_on_import(void **state) {
    static const char *const names[] = {"vnet5", "vnet", "vnetx", "macvtap0", "macvlan1"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        drops(names[i], false, names[i]);
        drops(names[i], true, "");
    }
    drops("tg0", true, "");
    drops("net5", true, "net5");
}

static void an_unmanaged_interface_keeps_its_name(void **state) {
    accepts("managed=no,dev=tg0");
    interface_drop_generated(&interface, true);
    assert_string_equal(interface.dev, "tg0");
    assert_true(interface.given[INTERFACE_KEY_DEV]);
}

static void the_request_has_the_values_of_the_spec(void **state) {
    struct wire_interface wire;

    accepts("dev=u1000-vm1,bridge=br0,guest-mac=52:54:00:12:34:56,host-mac=fe:54:00:12:34:56,"
            "mtu=9000,queues=4,vnet-hdr=no");
    memset(&wire, 0xff, sizeof(wire));
    interface_to_wire(&interface, &wire);
    assert_true(wire_interface_valid(&wire));
    assert_string_equal(wire.dev, "u1000-vm1");
    assert_string_equal(wire.bridge, "br0");
    assert_memory_equal(wire.guest_mac, "\x52\x54\x00\x12\x34\x56", 6);
    assert_memory_equal(wire.host_mac, "\xfe\x54\x00\x12\x34\x56", 6);
    assert_int_equal(wire.mtu, 9000);
    assert_int_equal(wire.queues, 4);
    assert_int_equal(wire.vnet_hdr, 0);
    assert_int_equal(wire.netns, WIRE_NETNS_OWN);
    accepts("netns=host");
    interface_to_wire(&interface, &wire);
    assert_true(wire_interface_valid(&wire));
    assert_int_equal(wire.netns, WIRE_NETNS_HOST);
}

static void a_fault_shows_control_bytes_in_hexadecimal(void **state) {
    refuses("managed=\x1b[2J", "invalid 'managed' value '\\x1b[2J'");
    refuses("dev=\x9b", "invalid 'dev' value '\\x9b'");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(an_empty_spec_is_a_managed_tap_with_one_queue),
    cmocka_unit_test(every_key_is_read),
    cmocka_unit_test(only_keys_that_were_written_count_as_given),
    cmocka_unit_test(a_doubled_comma_is_one_comma_of_the_value),
    cmocka_unit_test(a_value_may_have_an_equals_sign),
    cmocka_unit_test(a_word_without_key_and_value_is_refused),
    cmocka_unit_test(a_key_given_twice_is_refused),
    cmocka_unit_test(an_unknown_key_is_refused_with_the_known_ones),
    cmocka_unit_test(the_key_mac_is_refused_with_the_two_that_it_may_mean),
    cmocka_unit_test(keys_of_the_administrators_definitions_are_refused),
    cmocka_unit_test(an_empty_value_is_refused),
    cmocka_unit_test(bad_values_are_refused_and_named),
    cmocka_unit_test(without_a_bridge_an_mtu_is_at_least_that_of_ipv6),
    cmocka_unit_test(values_at_the_bounds_are_read),
    cmocka_unit_test(an_invalid_name_of_a_managed_interface_is_refused),
    cmocka_unit_test(an_unmanaged_interface_may_have_other_names),
    cmocka_unit_test(long_name_is_refused_not_cut),
    cmocka_unit_test(long_path_is_refused_not_cut),
    cmocka_unit_test(names_of_one_byte_are_accepted),
    cmocka_unit_test(a_fault_has_nothing_of_an_earlier_one),
    cmocka_unit_test(a_bridge_implies_its_type),
    cmocka_unit_test(managed_is_yes_or_no_and_its_faults_have_libvirts_words),
    cmocka_unit_test(only_ethernet_may_be_unmanaged_and_that_is_checked_first),
    cmocka_unit_test(an_unmanaged_interface_needs_a_name),
    cmocka_unit_test(keys_without_effect_on_an_unmanaged_interface_are_refused),
    cmocka_unit_test(what_must_find_the_tap_is_not_for_another_network_namespace),
    cmocka_unit_test(a_host_address_equal_to_the_guests_is_refused),
    cmocka_unit_test(generated_names_are_dropped),
    cmocka_unit_test(names_that_libvirt_generates_are_dropped_on_import),
    cmocka_unit_test(an_unmanaged_interface_keeps_its_name),
    cmocka_unit_test(the_request_has_the_values_of_the_spec),
    cmocka_unit_test(a_fault_shows_control_bytes_in_hexadecimal),
};

int main(void) { return cmocka_run_group_tests(tests, NULL, NULL); }
