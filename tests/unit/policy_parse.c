// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A policy's text -> rules, all or nothing.  Every file of tests/data/policy is a case, too.
 * accept-*.conf have no fault.  reject-*.conf have one, and their first line names it as
 * "; reject: LINE: REASON".  reject-inih-*.conf are the ways in which inih misreads a file.  The
 * eighth way is in trusted.c: inih takes a read error for the end of the file.
 */
#include "conf/policy/policy.h"

#include <errno.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FAULTS 16
#define CUT "rule ssssssssssssssssssssssssssssssssssssssssssss" /* 49 bytes: inih keeps no more */
#define HEADER "[rule lab]\nuser = *\nbridge = br0\nisolate = no\nlock-mac = no\n" /* 5 lines, a good rule */

static struct policy policy; /* of the running case */
static struct {
    unsigned count, line[FAULTS];
    char reason[FAULTS][64], detail[FAULTS][POLICY_LINE + 1];
} told;

static void tell(void *context, unsigned line, const char *reason, const char *detail) {
    assert_ptr_equal(context, &told);
    assert_in_range(told.count, 0, FAULTS - 1);
    told.line[told.count] = line;
    snprintf(told.reason[told.count], sizeof(told.reason[0]), "%s", reason);
    snprintf(told.detail[told.count++], sizeof(told.detail[0]), "%s", detail ? detail : "");
}

static int release(void **state) {
    free(policy.rules);
    free(policy.text);
    policy = (struct policy){0};
    return 0;
}

/* The buffer has exactly SIZE bytes, so that a sanitizer sees a read behind it. */
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

/* A good rule with LINE as its line 6 has the one fault REASON there.  REASON NULL: it has none. */
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

static void an_empty_policy_has_no_rules_and_no_faults(void **state) {
    assert_int_equal(parse(""), 0);
    assert_int_equal(policy.rule_count, 0);
    assert_int_equal(parse("\n\n; nothing\n"), 0);
    assert_int_equal(policy.rule_count, 0);
}

static void all_faults_are_reported_at_once_each_with_its_line(void **state) {
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
        const char *reason, *detail;
    } fault[] = {{1, "key before a section", "1"}, {2, "bad name of a rule", ""}, {3, "unknown key", "colour"},
                 {5, "bad value", "9-1"}, {8, "repeated key", "no"}, {9, "leading blank", ""},
                 {10, "empty value", "dev"}, {4, "missing key", "isolate"}};

    assert_int_equal(parse(text), -EINVAL);
    for (size_t i = 0; i < told.count && i < sizeof(fault) / sizeof(fault[0]); i++) {
        assert_string_equal(told.reason[i], fault[i].reason);
        assert_int_equal(told.line[i], fault[i].line);
        assert_string_equal(told.detail[i], fault[i].detail);
    }
    assert_int_equal(told.count, sizeof(fault) / sizeof(fault[0]));
}

static void one_fault_makes_all_rules_void_wherever_it_is(void **state) {
    assert_int_equal(parse(HEADER "\n[rule b]\nuser = *\nbridge = none\nmax = 0\n"), -EINVAL);
    assert_int_equal(parse("max = 1\n" HEADER), -EINVAL);
    assert_int_equal(parse(HEADER "max = 1"), -EINVAL);
}

static void a_fault_is_an_error_without_a_fault_function_too(void **state) {
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
    assert_string_equal(told.reason[0], "bad name of a rule");
}

static void sections_do_not_merge_where_inih_cuts_their_names(void **state) {
    assert_int_equal(parse("[" CUT "A]\nuser = *\n[" CUT "B]\nbridge = none\n"), -EINVAL);
    assert_int_equal(told.count, 2);
    assert_int_equal(told.line[1], 3);
}

static void a_repeated_rule_name_is_refused(void **state) {
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

static void every_byte_that_is_not_printable_ascii_is_refused(void **state) {
    char text[] = HEADER "; x x\n";

    for (int byte = 0; byte < 256; byte++) {
        text[sizeof(text) - 4] = (char)byte;
        if (byte == '\n') continue;
        parse_bytes(text, sizeof(text) - 1);
        if (told.count != (byte < ' ' || byte > '~')) fail_msg("byte %d", byte);
        if (told.count) assert_string_equal(told.reason[0], "control or non-ASCII byte");
    }
}

static void a_comment_after_a_value_is_refused(void **state) {
    expect("queues = 4 ; four", "a comment stands on a line of its own");
    expect("queues = 4;", "a comment stands on a line of its own");
    expect("queues = ;4", "a comment stands on a line of its own");
    expect("queues = 4 # four", "a comment stands on a line of its own");
    expect("queues = 4#", "a comment stands on a line of its own");
    expect("; queues = 4 ; four", NULL);
    expect("# queues = 4 ; four", NULL);
}

static void only_the_equals_sign_separates_key_and_value(void **state) {
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

static void a_section_that_is_no_rule_is_refused(void **state) {
    static const char *const unknown[] = {"[interface web]", "[rule]", "[rule", "[", "[]", "[ rule x]", "[Rule x]",
                                          "[rulex]", "[rule x] ", "[rule x] user = *", "[rule x]#"};
    static const char *const bad[] = {"[rule ]", "[rule  x]", "[rule x ]", "[rule a b]", "[rule x]]", "[rule a.b]",
                                      "[rule *]", "[rule [x]"};

    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
        expect(unknown[i], "unknown section, or text after ]");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) expect(bad[i], "bad name of a rule");
}

static void each_word_of_user_is_checked(void **state) {
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

static void a_bad_word_after_a_name_is_refused(void **state) {
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
        "mtu = 1500", "queues = 1", "queues = 253", "max = 1", "max = 256", "allow-unpinned-bridge = yes",
        "allow-unpinned-bridge = no", "allow-ra-bridge = yes", "allow-ra-bridge = no"};
    static const char *const bad[] = {
        "dev = a/b", "dev = vm?", "dev = [a-z]", "dev = {gid}", "dev = {uid", "dev = uid}", "dev = {UID}", "dev = {}",
        "dev = a%d", "dev = \\*", "dev = ok a/b", "guest-mac = 52", "guest-mac = 52:", "guest-mac = 52:5*",
        "guest-mac = 5*", "guest-mac = **", "guest-mac = *:*", "guest-mac = 52:54:00:12:34",
        "guest-mac = 52:54:00:12:34:5",
        "guest-mac = 52:54:00:12:34:56:*", "guest-mac = 52:54:00:12:34:56:78", "guest-mac = 525400123456",
        "guest-mac = 52-54-00-12-34-56", "guest-mac = 52:54:00:12:34:5g", "guest-mac = 52:*:00", "guest-mac = :*",
        "guest-mac = 52:* x", "host-mac = none", "host-mac = {uid}", "mtu = 67", "mtu = 65522", "mtu = 67-1500",
        "mtu = 1500-65522", "mtu = 9000-1500", "mtu = *", "mtu = 1500 9000", "mtu = 01500", "mtu = 1500-", "queues = 0",
        "queues = 254", "queues = 1-4", "queues = 04", "queues = +4", "queues = four", "queues = 4 4", "max = 0",
        "max = 257", "max = 8-9", "max = -1", "allow-unpinned-bridge = 1", "allow-unpinned-bridge = Yes",
        "allow-ra-bridge = true", "allow-ra-bridge = yes yes", "allow-ra-bridge = yesno"};

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) expect(good[i], NULL);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) expect(bad[i], "bad value");
}

static void a_rule_that_names_bridges_needs_isolate_and_lock_mac(void **state) {
    assert_int_equal(parse("[rule a]\nuser = *\nbridge = none\n"), 0);
    assert_int_equal(parse("[rule a]\nuser = *\nbridge = br0 none\n"), -EINVAL);
    assert_int_equal(parse("[rule a]\nuser = *\nbridge = none *\n"), -EINVAL);
    assert_int_equal(told.count, 2);
    assert_string_equal(told.detail[0], "isolate");
    assert_string_equal(told.detail[1], "lock-mac");
    assert_int_equal(told.line[1], 1);
}

static void the_policy_says_whether_it_needs_names(void **state) {
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

/* Returns the bytes of a fixture.  They are the caller's to free. */
static char *load(const char *path, size_t *size) {
    FILE *file = fopen(path, "r");
    char *text = calloc(1, 65536);

    assert_non_null(file);
    *size = fread(text, 1, 65535, file);
    assert_true(feof(file));
    fclose(file);
    return text;
}

/* The lines of its examples begin with a ';' and no blank. */
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
        "no newline at the end of the file", "line of over 190 bytes", "control or non-ASCII byte", "leading blank",
        "unknown section, or text after ]", "bad name of a rule", "repeated section",
        "a comment stands on a line of its own", "no [section], no key = value, no ; comment", "key before a section",
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
    CASE(an_empty_policy_has_no_rules_and_no_faults),
    CASE(all_faults_are_reported_at_once_each_with_its_line),
    CASE(one_fault_makes_all_rules_void_wherever_it_is),
    CASE(a_fault_is_an_error_without_a_fault_function_too),
    CASE(the_longest_line_is_190_bytes),
    CASE(the_longest_name_of_a_rule_is_32_bytes),
    CASE(sections_do_not_merge_where_inih_cuts_their_names),
    CASE(a_repeated_rule_name_is_refused),
    CASE(a_thousand_rules_are_kept_apart),
    CASE(every_byte_that_is_not_printable_ascii_is_refused),
    CASE(a_comment_after_a_value_is_refused),
    CASE(only_the_equals_sign_separates_key_and_value),
    CASE(a_section_that_is_no_rule_is_refused),
    CASE(each_word_of_user_is_checked),
    CASE(a_bad_word_after_a_name_is_refused),
    CASE(a_name_of_64_bytes_is_refused_not_cut),
    CASE(values_of_the_other_keys_are_checked),
    CASE(a_rule_that_names_bridges_needs_isolate_and_lock_mac),
    CASE(the_policy_says_whether_it_needs_names),
    CASE(the_shipped_policy_grants_nothing_and_its_examples_are_good),
};
enum { CASES = sizeof(cases) / sizeof(cases[0]) };

/* Runs the cases above, one for all fixtures, and one for each fixture, called as its file. */
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
