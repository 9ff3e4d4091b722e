// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which ids /etc/subuid gives to users, as shadow reads it, and which files of accounts a policy
 * needs.  tests/system reads the files themselves, on a throw-away host.
 */
#include "conf/policy/policy.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HIGHEST 4294967294u

static struct policy_subuid range; /* of the line that read_line() read */

/* Does the line TEXT give ids to a user? */
static bool read_line(const char *text) {
    const char *rest = text;
    bool found;

    range = (struct policy_subuid){0};
    found = policy_subuid_next(&rest, &range);
    assert_ptr_equal(rest, text + strlen(text));
    return found;
}

static void expect_range(const char *text, uint32_t first, uint32_t last) {
    if (!read_line(text)) {
        fail_msg("'%s' has no ids", text);
    }
    if (range.first != first || range.last != last) {
        fail_msg("'%s' has %u-%u", text, range.first, range.last);
    }
}

static void expect_none(const char *const lines[], size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (read_line(lines[i])) {
            fail_msg("'%s' has %u-%u", lines[i], range.first, range.last);
        }
    }
}

#define EXPECT_NONE(...)                            \
    expect_none((const char *const[]){__VA_ARGS__}, \
                sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void a_line_gives_a_count_of_ids_from_the_first_on(void **state) {
    expect_range("alice:100000:65536\n", 100000, 165535);
    expect_range("alice:1000:1\n", 1000, 1000);
    expect_range("alice:0:1\n", 0, 0);
    expect_range("alice:4294967294:1\n", HIGHEST, HIGHEST);
}

static void the_owner_of_a_line_is_kept_as_written(void **state) {
    assert_true(read_line("alice:1:2\n"));
    assert_int_equal(range.owner_length, 5);
    assert_memory_equal(range.owner, "alice", 5);
    assert_true(read_line("1000:1:2\n"));
    assert_int_equal(range.owner_length, 4);
    assert_memory_equal(range.owner, "1000", 4);
    assert_true(read_line("# alice:1:2\n")); /* shadow reads it as a name */
    assert_int_equal(range.owner_length, 7);
}

static void numbers_are_decimal_octal_or_hexadecimal(void **state) {
    expect_range("a:010:010\n", 8, 15);
    expect_range("a:0x10:0XA\n", 16, 25);
    expect_range("a:0xAb:0xcD\n", 0xab, 0xab + 0xcd - 1);
    expect_range("a:00:07\n", 0, 6);
    EXPECT_NONE("a:08:1\n", "a:1:09\n", "a:0x:1\n", "a:1:0x\n", "a:0xg:1\n", "a:1e3:1\n",
                "a:1.5:1\n", "a:10:a\n", "a:10L:1\n");
}

static void blanks_and_a_sign_before_a_number_are_skipped(void **state) {
    expect_range("a: 10: 2\n", 10, 11);
    expect_range("a:\t\v\f\r 10:2\n", 10, 11);
    expect_range("a:+10:+2\n", 10, 11);
    expect_range("a: -0:2\n", 0, 1);
    EXPECT_NONE("a:10 :2\n", "a:10:2 \n", "a:1 0:2\n", "a:- 10:2\n", "a:+-10:2\n", "a: :2\n",
                "a:10: \n", "a:+:2\n", "a:10:-\n");
}

static void a_negative_number_is_a_large_one(void **state) {
    EXPECT_NONE("a:-1:2\n", "a:-18446744073709551616:2\n");
    if (sizeof(unsigned long) > 4) {
        EXPECT_NONE("a:-5:10\n", "a:-100000:65536\n");
    }
    expect_range("a:10:-1\n", 10, HIGHEST);
}

static void a_count_goes_to_the_last_id_and_no_further(void **state) {
    expect_range("a:4294967290:5\n", 4294967290u, HIGHEST);
    expect_range("a:4294967290:6\n", 4294967290u, HIGHEST);
    expect_range("a:4294967290:4294967295\n", 4294967290u, HIGHEST);
    expect_range("a:1:4294967295\n", 1, HIGHEST);
    expect_range("a:0:4294967295\n", 0, HIGHEST);
    expect_range("a:0:4294967294\n", 0, HIGHEST - 1);
    if (sizeof(unsigned long) > 4) {
        expect_range("a:10:4294967296\n", 10, HIGHEST);
    }
    if (sizeof(unsigned long) > 4) {
        expect_range("a:10:18446744073709551615\n", 10, HIGHEST);
    }
}

static void a_number_that_does_not_fit_makes_a_line_invalid(void **state) {
    EXPECT_NONE("a:10:18446744073709551616\n", "a:18446744073709551626:1\n",
                "a:99999999999999999999999:1\n");
}

static void ids_that_nobody_can_have_make_a_line_invalid(void **state) {
    EXPECT_NONE("a:4294967295:1\n", "a:4294967296:65536\n", "a:18446744073709551615:65536\n");
}

static void a_count_of_zero_gives_no_ids(void **state) {
    EXPECT_NONE("a:10:0\n", "a:0:0\n", "a:10:00\n", "a:10:0x0\n", "a:10:-0\n");
}

static void a_line_without_three_fields_is_ignored(void **state) {
    EXPECT_NONE("\n", "a\n", "a:10\n", "a:10:\n", "a::10\n", ":10:10\n", "::\n", ":\n", ":::\n",
                "10:10\n", "a 10 10\n");
}

static void text_after_the_third_field_is_ignored(void **state) {
    expect_range("a:10:2:\n", 10, 11);
    expect_range("a:10:2:junk:5\n", 10, 11);
    EXPECT_NONE("a:10::2\n", "a::10:2\n");
}

static void a_carriage_return_at_its_end_makes_a_line_invalid(void **state) {
    EXPECT_NONE("a:10:2\r\n", "a:10:2\r");
    expect_range("a:10:\r2\n", 10, 11); /* before a number it counts as a blank */
}

static void a_last_line_needs_no_newline(void **state) {
    expect_range("a:10:2", 10, 11);
    EXPECT_NONE("", "a:10:", "a:10", "a");
}

static void entries_of_nis_are_ignored(void **state) {
    EXPECT_NONE("+a:10:2\n", "-a:10:2\n", "+:10:2\n", "+\n");
}

static void a_line_of_1024_bytes_is_ignored(void **state) {
    char text[1100];

    for (size_t length = 1015; length < 1026; length++) {
        memset(text, 'x', length);
        memcpy(text + length, ":1000:7\n", 9);
        if (length + 7 < 1024) {
            expect_range(text, 1000, 1006);
        } else {
            assert_false(read_line(text));
        }
        memcpy(text, "a:1:2:", 6);
        assert_int_equal(read_line(text), length + 7 < 1024);
    }
}

/*
 * strtoul(3) skips blanks, and a newline is one.  A field without a number must not get the number
 * of the next line.
 */
static void each_line_is_read_by_itself(void **state) {
    static const char text[] = "a:10:\n20:30:40\nb: \n:50:2\n\n\nc:60:1\nd:70:1";
    static const uint32_t found[][3] = {{2, 30, 69}, {7, 60, 60}, {8, 70, 70}};
    const char *rest = text;

    range = (struct policy_subuid){0};
    for (size_t i = 0; i < sizeof(found) / sizeof(found[0]); i++) {
        assert_true(policy_subuid_next(&rest, &range));
        assert_int_equal(range.line, found[i][0]);
        assert_int_equal(range.first, found[i][1]);
        assert_int_equal(range.last, found[i][2]);
    }
    assert_false(policy_subuid_next(&rest, &range));
    assert_false(policy_subuid_next(&rest, &range));
}

static void the_first_line_with_all_of_the_ids_is_found(void **state) {
    static const char text[] = "# one\na:10:10\nb:15:10\nc:12:2\nd:20:5\n";

    assert_true(policy_subuid_find(text, 12, 13, &range));
    assert_int_equal(range.line, 2);
    assert_true(policy_subuid_find(text, 19, 20, &range));
    assert_int_equal(range.line, 3);
    assert_true(policy_subuid_find(text, 10, 19, &range));
    assert_true(policy_subuid_find(text, 24, 24, &range));
    assert_int_equal(range.line, 3);
    assert_false(policy_subuid_find(text, 10, 20, &range));
    assert_false(policy_subuid_find(text, 9, 10, &range));
    assert_false(policy_subuid_find(text, 24, 25, &range));
    assert_false(policy_subuid_find("", 0, 0, &range));
}

/* The file is as large as it may be.  Every line of it is read, in a time that nobody notices. */
static void a_huge_file_is_read_to_its_end(void **state) {
    static const char line[] = "someone:200000:65536\n", last[] = "last:1000:1";
    char *text = malloc(POLICY_SIZE + 1), *to = text;

    assert_non_null(text);
    while (to + strlen(line) + strlen(last) <= text + POLICY_SIZE) {
        to = mempcpy(to, line, strlen(line));
    }
    memcpy(to, last, sizeof(last));
    assert_true(policy_subuid_find(text, 1000, 1000, &range));
    assert_in_range(range.line, 700000, 900000);
    assert_false(policy_subuid_find(text, 1001, 1001, &range));
    free(text);
}

static void a_policy_of_single_ids_needs_no_file(void **state) {
    static const struct policy policy = {0};
    struct policy_accounts accounts = {.subuid = (char *)1};
    const char *path = "none";

    assert_int_equal(policy_accounts_read(&policy, &accounts, &path), 0);
    assert_null(accounts.passwd);
    assert_null(accounts.group);
    assert_null(accounts.subuid);
    assert_string_equal(path, "none");
}

#define CASE(name) cmocka_unit_test(name)
static const struct CMUnitTest tests[] = {
    CASE(a_line_gives_a_count_of_ids_from_the_first_on),
    CASE(the_owner_of_a_line_is_kept_as_written),
    CASE(numbers_are_decimal_octal_or_hexadecimal),
    CASE(blanks_and_a_sign_before_a_number_are_skipped),
    CASE(a_negative_number_is_a_large_one),
    CASE(a_count_goes_to_the_last_id_and_no_further),
    CASE(a_number_that_does_not_fit_makes_a_line_invalid),
    CASE(ids_that_nobody_can_have_make_a_line_invalid),
    CASE(a_count_of_zero_gives_no_ids),
    CASE(a_line_without_three_fields_is_ignored),
    CASE(text_after_the_third_field_is_ignored),
    CASE(a_carriage_return_at_its_end_makes_a_line_invalid),
    CASE(a_last_line_needs_no_newline),
    CASE(entries_of_nis_are_ignored),
    CASE(a_line_of_1024_bytes_is_ignored),
    CASE(each_line_is_read_by_itself),
    CASE(the_first_line_with_all_of_the_ids_is_found),
    CASE(a_huge_file_is_read_to_its_end),
    CASE(a_policy_of_single_ids_needs_no_file),
};

int main(void) {
    return cmocka_run_group_tests(tests, NULL, NULL);
}
