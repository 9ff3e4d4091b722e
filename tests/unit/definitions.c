// SPDX-License-Identifier: LGPL-2.1-or-later
/* Definition files: what is read, what is refused and on which line, and that what is written reads back. */
#include "conf/definitions/definitions.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WEB "[interface web]\n"

static struct definitions definitions; /* of the case that runs */
static char told[16384];               /* its faults: LINE: REASON [HINT] and a newline, each */

static void tell(void *context, unsigned line, const char *reason, const char *hint) {
    size_t used = strlen(told);

    assert_ptr_equal(context, told);
    snprintf(told + used, sizeof(told) - used, "%u: %s%s%s%s\n", line, reason, *hint ? " [" : "", hint, *hint ? "]" : "");
}

static int read_text(const char *text, enum definitions_purpose purpose) {
    char *exact = malloc(strlen(text) + 1); /* no byte behind it: the sanitizer tells who looks */
    int error;

    definitions_free(&definitions);
    told[0] = 0;
    memcpy(exact, text, strlen(text));
    exact = realloc(exact, strlen(text) ? strlen(text) : 1);
    error = definitions_read(&definitions, exact, strlen(text), purpose, tell, told);
    free(exact);
    return error;
}

static const struct definition *accepts_for(const char *text, enum definitions_purpose purpose) {
    if (read_text(text, purpose)) fail_msg("'%s': %s", text, told);
    assert_int_equal(definitions.faults, 0);
    return definitions.definition;
}

static const struct definition *accepts(const char *text) { return accepts_for(text, DEFINITIONS_LIVE); }

/* TEXT has these faults, and no other. */
static void refuses_for(const char *text, enum definitions_purpose purpose, const char *faults) {
    assert_int_equal(read_text(text, purpose), -EINVAL);
    assert_string_equal(told, faults);
}

static void refuses(const char *text, const char *faults) { refuses_for(text, DEFINITIONS_LIVE, faults); }

static const char *written(void) {
    static char text[2000];
    FILE *out = fmemopen(text, sizeof(text), "w");

    definitions_write(&definitions, out);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void an_empty_file_has_no_interfaces(void **state) {
    accepts("");
    assert_int_equal(definitions.count, 0);
    accepts("; nothing\n\n# nothing either\n");
    assert_int_equal(definitions.count, 0);
    assert_string_equal(written(), "");
}

static void definitions_are_read_with_their_lines(void **state) {
    const struct definition *two = accepts("; the lab\n" WEB "dev = u1000-web\nbridge = br-lab\n\n"
                                           "[interface up_link-2]\ndev=mytap0\nmanaged   =no  \n");

    assert_int_equal(definitions.count, 2);
    assert_string_equal(two[0].interface.label, "web");
    assert_string_equal(two[0].interface.dev, "u1000-web");
    assert_string_equal(two[0].interface.bridge, "br-lab");
    assert_true(two[0].interface.managed && !two[0].interface.given[INTERFACE_KEY_MANAGED]);
    assert_int_equal(two[0].line, 2);
    assert_int_equal(two[0].key_line[INTERFACE_KEY_BRIDGE], 4);
    assert_int_equal(two[0].key_line[INTERFACE_KEY_MTU], 0);
    assert_string_equal(two[1].interface.label, "up_link-2");
    assert_false(two[1].interface.managed);
    assert_int_equal(two[1].line, 6);
    assert_int_equal(two[1].key_line[INTERFACE_KEY_MANAGED], 8);
}

static void an_empty_section_is_a_managed_tap(void **state) {
    accepts(WEB);
    assert_true(definitions.definition[0].interface.managed);
    assert_string_equal(written(), WEB);
}

static void every_key_is_written_in_the_tables_order(void **state) {
    accepts(WEB "downscript = /etc/down, x=y\nscript = /etc/up\npersist = yes\nvnet-hdr = no\nqueues = 4\nmtu = 9000\n"
                "host-mac = FE:54:00:AB:cd:56\nguest-mac = 52:54:00:AB:CD:56\nbridge = br0\nmanaged = yes\ntype = bridge\n"
                "dev = vm\n");
    assert_string_equal(written(), WEB "dev = vm\ntype = bridge\nmanaged = yes\nbridge = br0\nguest-mac = 52:54:00:ab:cd:56\n"
                                       "host-mac = fe:54:00:ab:cd:56\nmtu = 9000\nqueues = 4\nvnet-hdr = no\npersist = yes\n"
                                       "script = /etc/up\ndownscript = /etc/down, x=y\n");
}

static void what_is_written_reads_back_the_same(void **state) {
    static const char *const texts[] = {WEB "bridge = none\ntype = ethernet\n", WEB "managed = no\ndev = eth0.100\n",
                                        WEB "managed = yes\n[interface b]\ndev = b\npersist = no\nqueues = 1\n"};
    char once[2000];

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        accepts(texts[i]);
        snprintf(once, sizeof(once), "%s", written());
        accepts(once);
        assert_string_equal(written(), once);
    }
}

static void managed_has_three_states(void **state) {
    accepts(WEB "dev = a\n");
    assert_string_equal(written(), WEB "dev = a\n");
    accepts(WEB "dev = a\nmanaged = yes\n");
    assert_string_equal(written(), WEB "dev = a\nmanaged = yes\n");
    accepts(WEB "dev = a\nmanaged = no\n");
    assert_string_equal(written(), WEB "dev = a\nmanaged = no\n");
    refuses(WEB "dev = a\nmanaged = maybe\n", "3: invalid 'managed' value 'maybe' [managed is yes or no]\n");
}

static void generated_names_are_dropped_from_what_is_saved(void **state) {
    accepts_for(WEB "dev = tg5\nmanaged = yes\n", DEFINITIONS_INACTIVE);
    assert_string_equal(written(), WEB "managed = yes\n");
    accepts_for(WEB "dev = tg5\n", DEFINITIONS_LIVE);
    assert_string_equal(written(), WEB "dev = tg5\n");
    accepts_for(WEB "dev = tg\n[interface b]\ndev = tg5x\n[interface c]\ndev = vnet5\n", DEFINITIONS_INACTIVE);
    assert_string_equal(written(), WEB "dev = tg\n\n[interface b]\ndev = tg5x\n\n[interface c]\ndev = vnet5\n");
}

static void an_unmanaged_interfaces_name_is_its_users_own(void **state) {
    accepts_for(WEB "dev = tg5\nmanaged = no\n", DEFINITIONS_INACTIVE);
    assert_string_equal(written(), WEB "dev = tg5\nmanaged = no\n");
}

static void two_live_definitions_may_not_have_one_name(void **state) {
    refuses(WEB "dev = a\n[interface b]\nmtu = 1500\ndev = a\n", "5: 'dev' value 'a' is given to two interfaces: see line 2\n");
    accepts_for(WEB "dev = tg1\n[interface b]\ndev = tg1\n", DEFINITIONS_INACTIVE);
}

static void a_label_is_given_once(void **state) {
    refuses(WEB "\n[interface b]\n" WEB, "4: repeated section: [interface web] is on line 1\n");
    assert_int_equal(definitions.count, 2);
}

static void bad_labels_are_refused(void **state) {
#define BAD "1: bad label of an interface (1-32 of A-Z a-z 0-9 _ -, not only digits)\n"
    refuses("[interface ]\n", BAD);
    refuses("[interface 0]\n", BAD);
    refuses("[interface a.b]\n", BAD);
    refuses("[interface a b]\n", BAD);
    refuses("[interface  a]\n", BAD);
    refuses("[interface abcdefghijklmnopqrstuvwxyz0123456]\n", BAD);
    accepts("[interface abcdefghijklmnopqrstuvwxyz012345]\n[interface 0x]\n[interface _]\n");
    refuses("[interface]\n", "1: unknown section, or text after ] (a section is [interface LABEL])\n");
    refuses("[interface a] \n", "1: unknown section, or text after ] (a section is [interface LABEL])\n");
    refuses("[interface a\n", "1: unknown section, or text after ] (a section is [interface LABEL])\n");
    refuses("[rule a]\n", "1: unknown section, or text after ] (a section is [interface LABEL])\n");
}

static void all_faults_are_told_at_once(void **state) {
    refuses("mtu = 1500\nqueues = 2\n" WEB "mtu = 1\ncolour = red\n queues = 1\n[interface b]\nmanaged = no\nhost-mac = fe:54:00:12:34:56\n"
            "mtu = 1500\npersist = no\n",
            "1: key before a section ([interface LABEL] begins one)\n4: invalid 'mtu' value '1' (68-65521)\n"
            "5: unknown key 'colour' (dev, type, managed, bridge, guest-mac, host-mac, mtu, queues, netns, vnet-hdr, persist, "
            "script, downscript)\n6: leading blank (sections, keys and comments begin a line)\n7: target dev must be supplied when managed='no'\n"
            "9: 'host-mac' has no meaning with managed=no: nothing about the device is changed\n"
            "10: 'mtu' has no meaning with managed=no: nothing about the device is changed\n"
            "11: 'persist' has no meaning with managed=no: nothing about the device is changed\n");
}

static void comments_may_have_utf8(void **state) {
    accepts("; \xc3\xbc" "ber alles [interface x]\n" WEB "# \xe6\x97\xa5\nmtu = 1500\n");
    assert_int_equal(definitions.definition[0].interface.mtu, 1500);
}

static void a_line_that_can_have_been_a_section_leaves_no_definition_whole(void **state) {
    refuses(WEB "mtu = 1500\n [interface b]\nmtu = 1400\n",
            "3: leading blank (sections, keys and comments begin a line)\n");
    assert_int_equal(definitions.count, 0);
}

static void a_faulty_definition_is_not_kept_and_the_others_are(void **state) {
    refuses(WEB "mtu = 1\n[interface b]\nmtu = 1500\n", "2: invalid 'mtu' value '1' (68-65521)\n");
    assert_int_equal(definitions.count, 1);
    assert_string_equal(definitions.definition[0].interface.label, "b");
}

static void what_follows_a_faulty_section_is_of_no_other(void **state) {
    refuses(WEB "mtu = 1500\n[interface b] ; b\nmtu = 1400\n", "3: unknown section, or text after ] (a section is [interface LABEL])\n");
    assert_int_equal(definitions.count, 1);
    assert_int_equal(definitions.definition[0].interface.mtu, 1500);
    refuses(WEB "mtu = 1500\n[interface b\xff]\nmtu = 1400\n", "3: control or non-ASCII byte (UTF-8 may stand in comments alone)\n");
    assert_int_equal(definitions.definition[0].interface.mtu, 1500);
}

static void a_value_that_was_not_understood_has_no_further_faults(void **state) {
    refuses(WEB "managed = NO\nmtu = 1500\n", "2: invalid 'managed' value 'NO' [managed is yes or no]\n");
    refuses(WEB "managed = no\ndev = a ; b\n", "3: a comment stands on a line of its own\n");
}

static void keys_and_their_faults_are_those_of_net(void **state) {
    refuses(WEB "mtu = 1500\nmtu = 1500\n", "3: 'mtu' is given twice\n");
    refuses(WEB "mtu =\n", "2: 'mtu' has no value (68-65521)\n");
    refuses(WEB "mac = 52:54:00:12:34:56\n", "2: 'mac' could be either end's: guest-mac is the address the guest uses (mac in "
                                             "QEMU and libvirt), host-mac the tap's own\n");
    refuses(WEB "managed = no\nbridge = br0\ndev = a\n",
            "2: unmanaged target dev is not supported on interfaces of type 'bridge'\n");
    refuses(WEB "guest-mac = 52:54:00:12:34:56\nhost-mac = 52:54:00:12:34:56\n",
            "3: host-mac is the same as guest-mac: a bridge would deliver nothing to the guest\n");
}

static void lines_that_could_be_read_in_two_ways_are_refused(void **state) {
    char line[256] = WEB "script = ";

    refuses(WEB "mtu: 1500\n", "2: no [section], no key = value, no ; comment\n");
    refuses(WEB "MTU = 1500\n", "2: no [section], no key = value, no ; comment\n");
    refuses(WEB "mtu\t= 1500\n", "2: control or non-ASCII byte (UTF-8 may stand in comments alone)\n");
    refuses(WEB "mtu = 1500\r\n", "2: control or non-ASCII byte (UTF-8 may stand in comments alone)\n");
    refuses("\xef\xbb\xbf" WEB, "1: control or non-ASCII byte (UTF-8 may stand in comments alone)\n");
    refuses(WEB " mtu = 1500\n", "2: leading blank (sections, keys and comments begin a line)\n");
    refuses(WEB "mtu 9 = 1500\n", "2: no [section], no key = value, no ; comment\n");
    refuses(WEB "= 1500\n", "2: no [section], no key = value, no ; comment\n");
    refuses(WEB "mtu = 1500", "2: no newline at the end of the file\n");
    refuses("x", "1: no newline at the end of the file\n");
    memset(line + strlen(line), 'x', 190 - 9);
    line[16 + 190] = '\n';
    accepts(line);
    line[16 + 190] = 'x';
    line[16 + 191] = '\n';
    refuses(line, "2: line of over 190 bytes\n");
}

static void a_nul_byte_is_no_end(void **state) {
    static const char text[] = WEB "mtu = 1500\0\n[interface b]\n";

    definitions_free(&definitions);
    told[0] = 0;
    assert_int_equal(definitions_read(&definitions, text, sizeof(text) - 1, DEFINITIONS_LIVE, tell, told), -EINVAL);
    assert_string_equal(told, "2: control or non-ASCII byte (UTF-8 may stand in comments alone)\n");
}

static void the_administrators_keys_are_for_apply_only(void **state) {
    refuses(WEB "owner = alice\nisolate = yes\nlock-mac = no\n", "2: 'owner' is for tapgrant-apply's definitions only\n"
            "3: 'isolate' is for tapgrant-apply's definitions only\n4: 'lock-mac' is for tapgrant-apply's definitions only\n");
    accepts_for(WEB "lock-mac = no\nisolate = yes\nowner = alice\nbridge = br0\ndev = web0\n", DEFINITIONS_APPLY);
    assert_string_equal(written(), WEB "dev = web0\nbridge = br0\nowner = alice\nisolate = yes\nlock-mac = no\n");
    assert_string_equal(definitions.definition[0].interface.owner, "alice");
    assert_true(definitions.definition[0].interface.isolate && !definitions.definition[0].interface.lock_mac);
}

static void apply_needs_owner_and_name_and_runs_nothing(void **state) {
    refuses_for(WEB, DEFINITIONS_APPLY, "1: 'dev' is required in tapgrant-apply's definitions\n"
                                        "1: 'owner' is required in tapgrant-apply's definitions\n");
    refuses_for(WEB "owner = alice\ndev = tg5\n", DEFINITIONS_APPLY,
                "3: invalid 'dev' value 'tg5' (1-15 of A-Z a-z 0-9 _ -, a letter first; not all, default, none, nor tg and "
                "digits, which are generated)\n");
    refuses_for(WEB "owner = alice\ndev = a\npersist = yes\nscript = /a\ndownscript = /b\n", DEFINITIONS_APPLY,
                "4: 'persist' has no meaning for tapgrant-apply: all that it makes stays\n"
                "5: 'script' has no meaning for tapgrant-apply, which runs no scripts\n"
                "6: 'downscript' has no meaning for tapgrant-apply, which runs no scripts\n");
    refuses_for(WEB "owner = alice\ndev = a\nisolate = yes\nlock-mac = yes\n", DEFINITIONS_APPLY,
                "4: 'isolate' needs a bridge: it is of the bridge's port\n"
                "5: 'lock-mac' needs a bridge: it is of the bridge's port\n");
    refuses_for(WEB "owner = alice\ndev = a\nbridge = br0\nlock-mac = yes\n", DEFINITIONS_APPLY,
                "5: 'lock-mac' needs a guest-mac: only frames from it enter\n");
    refuses_for(WEB "owner = a b\ndev = a\n", DEFINITIONS_APPLY, "2: invalid 'owner' value 'a b' (a user's name or id)\n");
}

static void apply_lists_what_is_unmanaged(void **state) {
    accepts_for(WEB "dev = eth0.5\nmanaged = no\n[interface b]\ndev = b\nmanaged = no\nowner = alice\n", DEFINITIONS_APPLY);
    assert_int_equal(definitions.count, 2);
}

static void definitions_made_in_memory_are_checked_and_written(void **state) {
    struct interface_fault fault;
    struct definition *one;

    definitions_free(&definitions);
    told[0] = 0;
    one = definitions_add(&definitions, DEFINITIONS_INACTIVE);
    snprintf(one->interface.label, sizeof(one->interface.label), "web-0");
    one->comment = strdup("vlan is not carried\nand a second line");
    assert_int_equal(interface_set(&one->interface, "dev", "vnet7", &fault), 0);
    assert_int_equal(interface_set(&one->interface, "queues", "2", &fault), 0);
    interface_drop_generated(&one->interface, true);
    assert_int_equal(definitions_check(&definitions, DEFINITIONS_INACTIVE, tell, told), 0);
    assert_string_equal(written(), "; vlan is not carried\n; and a second line\n[interface web-0]\nqueues = 2\n");
    one = definitions_add(&definitions, DEFINITIONS_INACTIVE);
    one->line = 77;
    snprintf(one->interface.label, sizeof(one->interface.label), "b");
    assert_int_equal(interface_set(&one->interface, "script", "/etc/a;b", &fault), 0);
    assert_int_equal(definitions_check(&definitions, DEFINITIONS_INACTIVE, tell, told), -EINVAL);
    assert_string_equal(told, "77: 'script' has a value that no line of a file can hold [a line has at most 190 printable "
                              "ASCII bytes, without ; and #]\n");
    assert_int_equal(definitions.count, 1);
}

static void a_long_comment_keeps_the_lines_short_enough_to_read(void **state) {
    char text[2048], *comment = calloc(1, 501);
    struct definition *one;

    definitions_free(&definitions);
    one = definitions_add(&definitions, DEFINITIONS_LIVE);
    snprintf(one->interface.label, sizeof(one->interface.label), "web");
    one->comment = memset(comment, 'x', 500);
    comment[3] = '\x1b';
    snprintf(text, sizeof(text), "%s", written());
    accepts(text);
    assert_string_equal(written(), WEB);
}

static void an_interface_as_a_spec_parses_to_the_same(void **state) {
    struct interface again;
    struct interface_fault fault;
    char spec[INTERFACE_SPEC], text[1200] = WEB "script = ";

    accepts(WEB "dev = vm\nbridge = br0\nqueues = 2\nscript = /a,b,,c\nmtu = 1400\nmanaged = yes\n");
    assert_string_equal(interface_format(&definitions.definition[0].interface, spec),
                        "dev=vm,managed=yes,bridge=br0,mtu=1400,queues=2,script=/a,,b,,,,c");
    assert_int_equal(interface_parse(&again, spec, &fault), 0);
    assert_string_equal(again.script, "/a,b,,c");
    accepts(WEB);
    assert_string_equal(interface_format(&definitions.definition[0].interface, spec), "");
    memset(text + strlen(text), ',', 180);
    snprintf(text + strlen(text), 20, "\ndownscript = ");
    memset(text + strlen(text), ',', 170);
    text[strlen(text)] = '\n';
    accepts(text);
    assert_int_equal(interface_parse(&again, interface_format(&definitions.definition[0].interface, spec), &fault), 0);
    assert_int_equal(strlen(again.script), 180);
}

static void more_interfaces_than_there_is_room_for_are_a_fault(void **state) {
    size_t size = (DEFINITIONS_MAX + 1) * 32;
    char *text = calloc(1, size), *end = text;

    for (int i = 0; i < DEFINITIONS_MAX; i++) end += sprintf(end, "[interface i%d]\n", i);
    accepts(text);
    assert_int_equal(definitions.count, DEFINITIONS_MAX);
    end += sprintf(end, "[interface last]\n");
    refuses(text, "4097: more than 4096 interfaces in one file\n");
    free(text);
}

static int forget(void **state) {
    definitions_free(&definitions);
    return 0;
}

#define CASE(name) cmocka_unit_test_teardown(name, forget)
static const struct CMUnitTest tests[] = {
    CASE(an_empty_file_has_no_interfaces),
    CASE(definitions_are_read_with_their_lines),
    CASE(an_empty_section_is_a_managed_tap),
    CASE(every_key_is_written_in_the_tables_order),
    CASE(what_is_written_reads_back_the_same),
    CASE(managed_has_three_states),
    CASE(generated_names_are_dropped_from_what_is_saved),
    CASE(an_unmanaged_interfaces_name_is_its_users_own),
    CASE(two_live_definitions_may_not_have_one_name),
    CASE(a_label_is_given_once),
    CASE(bad_labels_are_refused),
    CASE(all_faults_are_told_at_once),
    CASE(comments_may_have_utf8),
    CASE(a_line_that_can_have_been_a_section_leaves_no_definition_whole),
    CASE(a_faulty_definition_is_not_kept_and_the_others_are),
    CASE(what_follows_a_faulty_section_is_of_no_other),
    CASE(a_value_that_was_not_understood_has_no_further_faults),
    CASE(keys_and_their_faults_are_those_of_net),
    CASE(lines_that_could_be_read_in_two_ways_are_refused),
    CASE(a_nul_byte_is_no_end),
    CASE(the_administrators_keys_are_for_apply_only),
    CASE(apply_needs_owner_and_name_and_runs_nothing),
    CASE(apply_lists_what_is_unmanaged),
    CASE(definitions_made_in_memory_are_checked_and_written),
    CASE(a_long_comment_keeps_the_lines_short_enough_to_read),
    CASE(an_interface_as_a_spec_parses_to_the_same),
    CASE(more_interfaces_than_there_is_room_for_are_a_fault),
};

int main(void) { return cmocka_run_group_tests(tests, NULL, NULL); }
