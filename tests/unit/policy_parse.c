// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A policy's text -> rules, all or nothing.  Beside the cases here every file of tests/data/policy is one:
 * accept-*.conf has no fault; reject-*.conf has one, which its first line names as "; reject: LINE: REASON".
 * The nine inih-*.conf are the ways in which inih misreads a file; the eighth, a read error taken for the end of
 * the file, is in trusted.c.
 */
#include "conf/policy/policy.h"

#include <errno.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define NON_ASCII "control or non-ASCII byte (UTF-8 may stand in comments alone)"
#define LEADING "leading blank (sections, keys and comments begin a line)"
#define UNKNOWN "unknown section, or text after ] (a section is [rule NAME])"
#define BAD_NAME "bad name of a rule (1-32 of A-Z a-z 0-9 _ -)"
#define BEFORE "key before a section ([rule NAME] begins one)"
#define FAULTS 16
#define CUT "rule ssssssssssssssssssssssssssssssssssssssssssss" /* 49 bytes, as many as inih keeps */
#define HEADER "[rule lab]\nuser = *\nbridge = br0\nisolate = no\nlock-mac = no\n" /* 5 lines, a good rule */

static struct policy policy; /* of the case that runs */
static struct {
    unsigned count, line[FAULTS];
    char reason[FAULTS][80], detail[FAULTS][POLICY_LINE + 1];
    enum policy_key key[FAULTS];
} told;

static void tell(void *context, const struct policy_fault *fault) {
    unsigned i = told.count;

    assert_ptr_equal(context, &told);
    assert_in_range(i, 0, FAULTS - 1);
    told.line[i] = fault->line;
    told.key[i] = fault->key;
    snprintf(told.reason[i], sizeof(told.reason[0]), "%s", fault->reason);
    snprintf(told.detail[i], sizeof(told.detail[0]), "%s", fault->detail ? fault->detail : "");
    told.count++;
}

static int release(void **state) {
    free(policy.rules);
    free(policy.text);
    policy = (struct policy){0};
    return 0;
}

/* From a buffer of exactly SIZE bytes, so that a sanitizer sees a read behind it. */
static int parse_bytes(const char *text, size_t size) {
    char *exact = malloc(size);
    int error;

    release(NULL);
    memset(&told, 0, sizeof(told));
    if (size) memcpy(exact, text, size);
    error = policy_parse(&policy, exact, size, tell, &told);
    free(exact);
    assert_int_equal(error, told.count ? -EINVAL : 0);
    return error;
}

static int parse(const char *text) { return parse_bytes(text, strlen(text)); }

/* A good rule with LINE as line 6 has this one fault there, or none where REASON is NULL. */
static void expect(const char *line, const char *reason) {
    char text[1024];

    snprintf(text, sizeof(text), HEADER "%s\n", line);
    parse(text);
    if (told.count != !!reason || (reason && (strcmp(told.reason[0], reason) || told.line[0] != 6)))
        fail_msg("'%s': %u faults, line %u: %s", line, told.count, told.line[0], told.reason[0]);
}

static void expect_user(const char *who, const char *reason) {
    char text[1024];

    snprintf(text, sizeof(text), "[rule lab]\nuser = %s\nbridge = none\n", who);
    parse(text);
    if (told.count != !!reason || (reason && (strcmp(told.reason[0], reason) || told.line[0] != 2)))
        fail_msg("'%s': %u faults, line %u: %s", who, told.count, told.line[0], told.reason[0]);
}

static void values_are_kept_as_written(void **state) {
    static const char text[] = "; a comment\n\n[rule lab-1]\nuser = alice  %7 5-9\nbridge=br0 none\nisolate   = no\n"
                               "lock-mac = no\ndev = u{uid}-*\nmtu = 1280-9000   \n[rule B]\nbridge = none\nuser = *\n";

    assert_int_equal(parse(text), 0);
    assert_int_equal(policy.rule_count, 2);
    assert_string_equal(policy.rules[0].name, "lab-1");
    assert_int_equal(policy.rules[0].line, 3);
    assert_string_equal(policy.rules[0].value[POLICY_USER], "alice  %7 5-9");
    assert_string_equal(policy.rules[0].value[POLICY_BRIDGE], "br0 none");
    assert_string_equal(policy.rules[0].value[POLICY_DEV], "u{uid}-*");
    assert_string_equal(policy.rules[0].value[POLICY_MTU], "1280-9000");
    assert_null(policy.rules[0].value[POLICY_QUEUES]);
    assert_string_equal(policy.rules[1].name, "B");
    assert_int_equal(policy.rules[1].line, 10);
    assert_string_equal(policy.rules[1].value[POLICY_USER], "*");
    assert_null(policy.rules[1].value[POLICY_ISOLATE]);
}

static void lines_of_a_list_are_joined_in_their_order(void **state) {
    assert_int_equal(parse("[rule a]\nuser = 1  2\ndev = x\nuser=3\nbridge = none\nguest-mac = 02:*\ndev = y z\n"
                           "host-mac = *\nguest-mac = 06:*\nuser = 4\nhost-mac = 0a:*\nbridge = none\nmax = 3\n"
                           "[rule b]\nbridge = none\nuser = 5\nuser = 6\n"),
                     0);
    assert_string_equal(policy.rules[0].value[POLICY_USER], "1  2 3 4");
    assert_string_equal(policy.rules[0].value[POLICY_DEV], "x y z");
    assert_string_equal(policy.rules[0].value[POLICY_BRIDGE], "none none");
    assert_string_equal(policy.rules[0].value[POLICY_GUEST_MAC], "02:* 06:*");
    assert_string_equal(policy.rules[0].value[POLICY_HOST_MAC], "* 0a:*");
    assert_string_equal(policy.rules[0].value[POLICY_MAX], "3");
    assert_string_equal(policy.rules[1].value[POLICY_USER], "5 6");
    assert_string_equal(policy.rules[1].value[POLICY_BRIDGE], "none");
}

/* All orders of five lines of three keys: each value is that of its own lines. */
static void values_that_grow_do_not_touch_each_other(void **state) {
    static const char *const keys[] = {"user", "dev", "guest-mac"};
    static const char *const words[] = {"1", "22222", "02:*"};
    static const enum policy_key key_of[] = {POLICY_USER, POLICY_DEV, POLICY_GUEST_MAC};

    for (unsigned order = 0; order < 3 * 3 * 3 * 3 * 3; order++) {
        char text[512] = "[rule a]\nuser = 9\nbridge = none\n";
        char wanted[3][64] = {"9"};
        unsigned rest = order;

        for (unsigned line = 0; line < 5; line++) {
            unsigned i = rest % 3;

            snprintf(text + strlen(text), 64, "%s = %s\n", keys[i], words[i]);
            snprintf(wanted[i] + strlen(wanted[i]), 16, "%s%s", wanted[i][0] ? " " : "", words[i]);
            rest /= 3;
        }
        assert_int_equal(parse(text), 0);
        for (unsigned i = 0; i < 3; i++) {
            const char *value = policy.rules[0].value[key_of[i]];

            assert_string_equal(value ? value : "", wanted[i]);
        }
        assert_string_equal(policy.rules[0].value[POLICY_BRIDGE], "none");
    }
}

static void a_list_of_many_lines_is_kept_whole(void **state) {
    enum { LINES = 5000 };
    char *text = malloc(64 * LINES);
    char *out = text + sprintf(text, "[rule a]\nbridge = none\n");
    const char *value;
    char word[POLICY_LINE + 1];
    char wanted[16];

    for (unsigned i = 0; i < LINES; i++) {
        out += sprintf(out, "user = %u\ndev = d%u\n", i, i);
    }
    assert_int_equal(parse_bytes(text, (size_t)(out - text)), 0);
    free(text);
    value = policy.rules[0].value[POLICY_USER];
    for (unsigned i = 0; i < LINES; i++) {
        snprintf(wanted, sizeof(wanted), "%u", i);
        assert_true(policy_next(&value, word));
        assert_string_equal(word, wanted);
    }
    assert_false(policy_next(&value, word));
}

/* The time is that of the text: with lines that move others, it would be minutes. */
static void lines_of_many_keys_that_alternate_take_no_longer(void **state) {
    enum { LINES = 150000 };
    char *text = malloc(64 * LINES);
    char *out = text + sprintf(text, "[rule a]\nbridge = none\n");
    clock_t begun = clock();

    for (unsigned i = 0; i < LINES; i++) {
        out += sprintf(out, "user = 1%06u\ndev = d%06u\nguest-mac = 02:*\n", i, i);
    }
    assert_int_equal(parse_bytes(text, (size_t)(out - text)), 0);
    free(text);
    assert_int_equal(strlen(policy.rules[0].value[POLICY_USER]), 8 * LINES - 1);
    assert_int_equal(strlen(policy.rules[0].value[POLICY_DEV]), 8 * LINES - 1);
    assert_int_equal(strlen(policy.rules[0].value[POLICY_GUEST_MAC]), 5 * LINES - 1);
    assert_true(clock() - begun < 10 * CLOCKS_PER_SEC);
}

static void keys_that_are_no_lists_stand_once(void **state) {
    static const char *const lines[] = {"isolate = no", "lock-mac = no", "mtu = 1500", "queues = 2", "max = 1",
                                        "allow-unpinned-bridge = no", "allow-ra-bridge = no",
                                        "allow-other-netns = no"};
    char text[512];

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        snprintf(text, sizeof(text), "[rule a]\nuser = *\nbridge = none\n%s\n%s\n", lines[i], lines[i]);
        assert_int_equal(parse(text), -EINVAL);
        assert_int_equal(told.count, 1);
        assert_int_equal(told.line[0], 5);
        assert_string_equal(told.reason[0], "repeated key");
    }
}

static void an_empty_policy_has_no_rules_and_no_faults(void **state) {
    assert_int_equal(parse(""), 0);
    assert_int_equal(policy.rule_count, 0);
    assert_int_equal(parse("\n\n; nothing\n"), 0);
    assert_int_equal(policy.rule_count, 0);
}

static void all_faults_are_told_at_once_each_with_its_line(void **state) {
    static const char text[] = "max = 1\n"                                  /* 1: before a section */
                               "[rule a/b]\n"                               /* 2: bad name */
                               "colour = red\n"                             /* 3: unknown key */
                               "[rule lab]\n"                               /* 4: its isolate is missing */
                               "user = 9-1\n"                               /* 5: bad value */
                               "bridge = br0\nlock-mac = no\nlock-mac = no\n" /* 8: repeated */
                               " queues = 2\n"                              /* 9: leading blank */
                               "dev =\n";                                   /* 10: empty */
    static const struct {
        unsigned line;
        const char *reason;
        const char *detail;
        enum policy_key key;
    } fault[] = {{1, BEFORE, "", POLICY_KEYS},
                 {2, BAD_NAME, "", POLICY_KEYS},
                 {3, "unknown key", "colour", POLICY_KEYS},
                 {5, "bad value", "9-1", POLICY_USER},
                 {8, "repeated key", "lock-mac", POLICY_LOCK_MAC},
                 {9, LEADING, "", POLICY_KEYS},
                 {10, "empty value", "dev", POLICY_DEV},
                 {4, "missing key", "isolate", POLICY_ISOLATE}};

    assert_int_equal(parse(text), -EINVAL);
    for (size_t i = 0; i < told.count && i < sizeof(fault) / sizeof(fault[0]); i++) {
        assert_string_equal(told.reason[i], fault[i].reason);
        assert_int_equal(told.line[i], fault[i].line);
        assert_string_equal(told.detail[i], fault[i].detail);
        assert_int_equal(told.key[i], fault[i].key);
    }
    assert_int_equal(told.count, sizeof(fault) / sizeof(fault[0]));
}

static void keys_before_the_first_section_are_told_once(void **state) {
    assert_int_equal(parse("user = *\nbridge = br0\nisolate = no\ncolour = red\nmax = 1\n[rule a]\nuser = *\nbridge = none\n"), -EINVAL);
    assert_int_equal(told.count, 2);
    assert_string_equal(told.reason[0], BEFORE);
    assert_int_equal(told.line[1], 4);
    assert_int_equal(parse("max = 1\n" "[[[[\n[[\nmax = 1\n[\n"), -EINVAL);
    assert_int_equal(policy.rule_count, 4);
}

static void one_fault_makes_all_rules_void_wherever_it_is(void **state) {
    assert_int_equal(parse(HEADER "\n[rule b]\nuser = *\nbridge = none\nmax = 257\n"), -EINVAL);
    assert_int_equal(parse("max = 1\n" HEADER), -EINVAL);
    assert_int_equal(parse(HEADER "max = 1"), -EINVAL);
}

static void nobody_need_listen_to_the_faults(void **state) {
    static const char text[] = "[rule lab]\nuser = *\n";

    assert_int_equal(policy_parse(&policy, text, sizeof(text) - 1, NULL, NULL), -EINVAL);
}

static void the_longest_line_is_190_bytes(void **state) {
    char line[512] = "dev = ";

    memset(line + 6, 'x', 184);
    expect(line, NULL);
    assert_int_equal(strlen(policy.rules[0].value[POLICY_DEV]), 184);
    line[190] = 'x';
    expect(line, "line of over 190 bytes");
    for (size_t length = 192; length < 420; length++) {
        line[length - 1] = 'x';
        expect(line, "line of over 190 bytes");
    }
}

static void the_longest_name_of_a_rule_is_32_bytes(void **state) {
    assert_int_equal(parse("[rule abcdefghijklmnopqrstuvwxyz012345]\nuser = *\nbridge = none\n"), 0);
    assert_string_equal(policy.rules[0].name, "abcdefghijklmnopqrstuvwxyz012345");
    assert_int_equal(parse("[rule abcdefghijklmnopqrstuvwxyz0123456]\nuser = *\nbridge = none\n"), -EINVAL);
    assert_string_equal(told.reason[0], BAD_NAME);
}

static void section_names_that_inih_would_cut_to_the_same_do_not_merge(void **state) {
    assert_int_equal(parse("[" CUT "A]\nuser = *\n[" CUT "B]\nbridge = none\n"), -EINVAL);
    assert_int_equal(told.count, 2);
    assert_int_equal(told.line[1], 3);
}

static void rules_of_one_name_do_not_merge(void **state) {
    assert_int_equal(parse("[rule a]\nuser = *\n[rule a]\nbridge = none\n"), -EINVAL);
    assert_string_equal(told.reason[0], "repeated section");
    assert_int_equal(told.line[0], 3);
    assert_int_equal(parse("[rule a]\nuser = *\nbridge = none\n[rule A]\nuser = *\nbridge = none\n"), 0);
}

static void a_thousand_rules_are_kept_apart(void **state) {
    char *text = malloc(64 * 1000), *out = text;

    for (unsigned i = 0; i < 1000; i++) out += sprintf(out, "[rule r%u]\nuser = %u\nbridge = none\n", i, i);
    assert_int_equal(parse_bytes(text, (size_t)(out - text)), 0);
    free(text);
    assert_int_equal(policy.rule_count, 1000);
    assert_string_equal(policy.rules[999].name, "r999");
    assert_string_equal(policy.rules[999].value[POLICY_USER], "999");
    assert_string_equal(policy.rules[0].value[POLICY_USER], "0");
}

/* Replaces the last byte but two of LINE, behind a good rule, by each other byte. */
static void try_each_byte(const char *line, int least, int most) {
    char text[256];
    size_t length = (size_t)snprintf(text, sizeof(text), HEADER "%s\n", line);

    for (int byte = 0; byte < 256; byte++) {
        bool is_good = byte >= least && byte <= most;

        if (byte == '\n') {
            continue;
        }
        text[length - 3] = (char)byte;
        parse_bytes(text, length);
        if (is_good != !told.count) {
            fail_msg("byte %d", byte);
        }
        if (told.count) {
            assert_string_equal(told.reason[0], NON_ASCII);
        }
    }
}

static void comments_have_printable_ascii_and_utf8(void **state) {
    try_each_byte("; x x", ' ', '~');
    try_each_byte("# x x", ' ', '~');
    expect("; \xc3\xbc", NULL);
    expect("# \xe6\x97\xa5\xe6\x9c\xac", NULL);
}

static void no_other_line_has_a_byte_that_is_not_ascii(void **state) {
    static const char *const lines[] = {"dev = gr\xc3\xbc", "\xef\xbb\xbf; x", "[rule \xc3\xbc]", "\xc3\xbc = x"};

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        expect(lines[i], NON_ASCII);
    }
}

static void nothing_behind_a_value_is_a_comment(void **state) {
    expect("queues = 4 ; four", "a comment stands on a line of its own");
    expect("queues = 4;", "a comment stands on a line of its own");
    expect("queues = ;4", "a comment stands on a line of its own");
    expect("queues = 4 # four", "a comment stands on a line of its own");
    expect("queues = 4#", "a comment stands on a line of its own");
    expect("; queues = 4 ; four", NULL);
    expect("# queues = 4 ; four", NULL);
}

static void only_the_equals_sign_separates(void **state) {
    expect("dev : x", "no [section], no key = value, no ; comment");
    expect("dev : x = y", "no [section], no key = value, no ; comment");
    expect("dev", "no [section], no key = value, no ; comment");
    expect("dev x = y", "no [section], no key = value, no ; comment");
    expect("Dev = x", "no [section], no key = value, no ; comment");
    expect("= x", "no [section], no key = value, no ; comment");
    expect("dev=x", NULL);
    expect("dev = x=y", "bad value");
    expect("dev = x:y", "bad value");
}

static void sections_are_rules_and_nothing_else(void **state) {
    static const char *const unknown[] = {"[interface web]", "[rule]", "[rule", "[", "[]", "[ rule x]", "[Rule x]",
                                          "[rulex]", "[rule x] ", "[rule x] user = *", "[rule x]#"};
    static const char *const bad[] = {"[rule ]", "[rule  x]", "[rule x ]", "[rule a b]", "[rule x]]", "[rule a.b]",
                                      "[rule *]", "[rule [x]"};

    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
        expect(unknown[i], UNKNOWN);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) expect(bad[i], BAD_NAME);
}

static void words_of_who_are_checked_one_by_one(void **state) {
    static const char *const good[] = {"*", "0", "4294967294", "0-4294967294", "7-7", "%0", "%4294967294", "alice",
                                       "%wheel", "a.b", "_x", "a-b", "1a", "1 2-3 %4 *", "Alice"};
    static const char *const bad[] = {
        "-1", "+1", "01", "00", "4294967295", "4294967296", "42949672950", "99999999999999999999", "1-", "-", "1--2",
        "2-1", "1-2-3", "01-2", "1-02", "1-4294967295", "%", "%*", "%1-2", "%%1", "%-1", "%01", "%4294967295", "**",
        "*1", "1*", "a*", "al?ce", "{uid}", "{user}", "u{uid}", "-alice", ".alice", "%-x", "a/b", "a,b", "alice,bob",
        "a@b", "!5", "1 2-", "* 01", "1,2"};

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) expect_user(good[i], NULL);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) expect_user(bad[i], "bad value");
}

static void a_bad_word_is_seen_behind_a_name(void **state) {
    expect_user("alice 01", "bad value");
    expect_user("%students 2-1", "bad value");
    expect_user("alice , bob", "bad value");
}

static void a_name_of_64_bytes_is_refused_not_cut(void **state) {
    char name[66] = "%";

    memset(name + 1, 'x', 63);
    expect_user(name, NULL);
    expect_user(name + 1, NULL);
    name[64] = 'x';
    expect_user(name, "bad value");
    expect_user(name + 1, "bad value");
}

static void values_of_the_other_keys_are_checked(void **state) {
    static const char *const good[] = {
        "dev = vm1", "dev = u{uid}-* {user}x tap.5 *", "guest-mac = *", "guest-mac = 52:54:00:* fe:*",
        "guest-mac = 52:54:00:12:34:56", "host-mac = FE:*:00:12:34:56", "host-mac = *:*:*:*:*:*", "mtu = 68-65521",
        "mtu = 1500", "queues = 1", "queues = 253", "max = 0", "max = 1", "max = 256", "allow-unpinned-bridge = yes",
        "allow-unpinned-bridge = no", "allow-ra-bridge = yes", "allow-ra-bridge = no", "allow-other-netns = yes",
        "allow-other-netns = no"};
    static const char *const bad[] = {
        "dev = a/b", "dev = vm?", "dev = [a-z]", "dev = {gid}", "dev = {uid", "dev = uid}", "dev = {UID}", "dev = {}",
        "dev = a%d", "dev = \\*", "dev = ok a/b", "guest-mac = 52", "guest-mac = 52:", "guest-mac = 52:5*",
        "guest-mac = 5*", "guest-mac = **", "guest-mac = *:*", "guest-mac = 52:54:00:12:34",
        "guest-mac = 52:54:00:12:34:5",
        "guest-mac = 52:54:00:12:34:56:*", "guest-mac = 52:54:00:12:34:56:78", "guest-mac = 525400123456",
        "guest-mac = 52-54-00-12-34-56", "guest-mac = 52:54:00:12:34:5g", "guest-mac = 52:*:00", "guest-mac = :*",
        "guest-mac = 52:* x", "host-mac = none", "host-mac = {uid}", "mtu = 67", "mtu = 65522", "mtu = 67-1500",
        "mtu = 1500-65522", "mtu = 9000-1500", "mtu = *", "mtu = 1500 9000", "mtu = 01500", "mtu = 1500-", "queues = 0",
        "queues = 254", "queues = 1-4", "queues = 04", "queues = +4", "queues = four", "queues = 4 4", "max = 00",
        "max = 257", "max = 8-9", "max = -1", "allow-unpinned-bridge = 1", "allow-unpinned-bridge = Yes",
        "allow-ra-bridge = true", "allow-ra-bridge = yes yes", "allow-ra-bridge = yesno",
        "allow-other-netns = host", "allow-other-netns = YES"};

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) expect(good[i], NULL);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) expect(bad[i], "bad value");
}

static void isolate_and_lock_mac_are_required_where_bridges_are_named(void **state) {
    assert_int_equal(parse("[rule a]\nuser = *\nbridge = none\n"), 0);
    assert_int_equal(parse("[rule a]\nuser = *\nbridge = br0 none\n"), -EINVAL);
    assert_int_equal(parse("[rule a]\nuser = *\nbridge = none *\n"), -EINVAL);
    assert_int_equal(told.count, 2);
    assert_string_equal(told.detail[0], "isolate");
    assert_string_equal(told.detail[1], "lock-mac");
    assert_int_equal(told.line[1], 1);
}

static void it_is_known_whether_names_are_needed(void **state) {
    static const struct {
        const char *user, *bridge;
        bool names, names_caller;
    } one[] = {{"* 0-9 12345678 %3", "none", false, false}, {"1 alice", "none", true, false}, {"%wheel", "none", true, false},
               {"%wheel bob", "none", true, false}, {"*", "none x-{user}", true, true}, {"*", "none x-{uid}", false, false}};
    char text[256];

    for (size_t i = 0; i < sizeof(one) / sizeof(one[0]); i++) {
        snprintf(text, sizeof(text), "[rule a]\nuser = %s\nbridge = %s\nisolate = no\nlock-mac = no\n", one[i].user,
                 one[i].bridge);
        assert_int_equal(parse(text), 0);
        assert_int_equal(policy.has_names, one[i].names);
        assert_int_equal(policy.has_caller_name, one[i].names_caller);
    }
}

/* The bytes of a fixture, for free(3). */
static char *load(const char *path, size_t *size) {
    FILE *file = fopen(path, "r");
    char *text = calloc(1, 65536);

    assert_non_null(file);
    *size = fread(text, 1, 65535, file);
    assert_true(feof(file));
    fclose(file);
    return text;
}

/* Its examples are the lines that a ';' without a blank makes a comment. */
static void the_shipped_policy_grants_nothing_and_its_examples_are_good(void **state) {
    size_t size;
    char *text = load(FIXTURES "/../../../conf/policy/policy.conf", &size);

    assert_int_equal(parse_bytes(text, size), 0);
    assert_int_equal(policy.rule_count, 0);
    for (char *line = text; *line; line = strchr(line, '\n') + 1)
        if (line[0] == ';' && line[1] && strchr("[abcdefghijklmnopqrstuvwxyz", line[1]))
            memmove(line, line + 1, strlen(line));
    assert_int_equal(parse(text), 0);
    assert_true(policy.rule_count > 0);
    free(text);
}

static void fixture(void **state) {
    const char *path = *state;
    bool reject = strstr(path, "/reject-"), good;
    size_t size;
    char *text = load(path, &size), *want = strstr(text, "; reject: "), got[128];

    parse_bytes(text, size);
    snprintf(got, sizeof(got), "; reject: %u: %s\n", told.line[0], told.reason[0]);
    good = told.count == reject && (!reject || (want && !strncmp(want, got, strlen(got))));
    free(text);
    if (!good) fail_msg("%s: %u faults, the first: line %u: %s", path, told.count, told.line[0], told.reason[0]);
}

static void each_reason_has_a_fixture(void **state) {
    static const char *const reasons[] = {
        "no newline at the end of the file", "line of over 190 bytes", NON_ASCII, LEADING,
        UNKNOWN, BAD_NAME, "repeated section",
        "a comment stands on a line of its own", "no [section], no key = value, no ; comment", BEFORE,
        "unknown key", "repeated key", "empty value", "bad value", "missing key"};
    const glob_t *files = *state;
    size_t size;

    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        bool found = false;

        for (size_t j = 0; j < files->gl_pathc; j++) {
            char *text = load(files->gl_pathv[j], &size), *line = strchr(text, '\n');

            if (line) *line = 0;
            found |= !!strstr(text, reasons[i]);
            free(text);
        }
        if (!found) fail_msg("no fixture is rejected for: %s", reasons[i]);
    }
}

#define CASE(name) cmocka_unit_test_teardown(name, release)
static const struct CMUnitTest cases[] = {
    CASE(values_are_kept_as_written),
    CASE(lines_of_a_list_are_joined_in_their_order),
    CASE(values_that_grow_do_not_touch_each_other),
    CASE(a_list_of_many_lines_is_kept_whole),
    CASE(lines_of_many_keys_that_alternate_take_no_longer),
    CASE(keys_that_are_no_lists_stand_once),
    CASE(an_empty_policy_has_no_rules_and_no_faults),
    CASE(all_faults_are_told_at_once_each_with_its_line),
    CASE(keys_before_the_first_section_are_told_once),
    CASE(one_fault_makes_all_rules_void_wherever_it_is),
    CASE(nobody_need_listen_to_the_faults),
    CASE(the_longest_line_is_190_bytes),
    CASE(the_longest_name_of_a_rule_is_32_bytes),
    CASE(section_names_that_inih_would_cut_to_the_same_do_not_merge),
    CASE(rules_of_one_name_do_not_merge),
    CASE(a_thousand_rules_are_kept_apart),
    CASE(comments_have_printable_ascii_and_utf8),
    CASE(no_other_line_has_a_byte_that_is_not_ascii),
    CASE(nothing_behind_a_value_is_a_comment),
    CASE(only_the_equals_sign_separates),
    CASE(sections_are_rules_and_nothing_else),
    CASE(words_of_who_are_checked_one_by_one),
    CASE(a_bad_word_is_seen_behind_a_name),
    CASE(a_name_of_64_bytes_is_refused_not_cut),
    CASE(values_of_the_other_keys_are_checked),
    CASE(isolate_and_lock_mac_are_required_where_bridges_are_named),
    CASE(it_is_known_whether_names_are_needed),
    CASE(the_shipped_policy_grants_nothing_and_its_examples_are_good),
};
enum { CASES = sizeof(cases) / sizeof(cases[0]) };

/* The cases above, one that looks at all fixtures, and one for each of them, called as its file. */
int main(void) {
    struct CMUnitTest *tests;
    glob_t files;
    int failed;

    if (glob(FIXTURES "/*.conf", 0, NULL, &files)) return 1;
    tests = calloc(CASES + 1 + files.gl_pathc, sizeof(*tests));
    if (!tests) return 1;
    memcpy(tests, cases, sizeof(cases));
    tests[CASES] = (struct CMUnitTest)cmocka_unit_test_prestate(each_reason_has_a_fixture, &files);
    for (size_t i = 0; i < files.gl_pathc; i++)
        tests[CASES + 1 + i] = (struct CMUnitTest){.name = strrchr(files.gl_pathv[i], '/') + 1, .test_func = fixture,
                                                   .teardown_func = release, .initial_state = files.gl_pathv[i]};
    failed = _cmocka_run_group_tests("policy_parse", tests, CASES + 1 + files.gl_pathc, NULL, NULL);
    globfree(&files);
    free(tests);
    return failed;
}
