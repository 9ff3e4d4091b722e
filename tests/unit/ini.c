// SPDX-License-Identifier: LGPL-2.1-or-later
/* Lines that have one meaning reach the handler; all others are told, and have no effect. */
#include "conf/ini/ini.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NON_ASCII "control or non-ASCII byte (UTF-8 may stand in comments alone)"
#define LEADING "leading blank (sections, keys and comments begin a line)"
#define UNCLEAR "no [section], no key = value, no ; comment"

static char told[4096]; /* LINE and what was told, one on a line */

__attribute__((format(printf, 1, 2))) static void tell(const char *format, ...) {
    size_t used = strlen(told);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(told + used, sizeof(told) - used, format, arguments);
    va_end(arguments);
}

static const char *take_section(void *context, unsigned line, const char *name) {
    assert_ptr_equal(context, told);
    if (!name) {
        tell("%u none\n", line);
        return "not known";
    }
    tell("%u [%s]\n", line, name);
    return strcmp(name, "bad") ? NULL : "bad name";
}

static void take_key(void *context, unsigned line, const char *key, const char *value) {
    assert_ptr_equal(context, told);
    tell("%u %s=%s.\n", line, key, value);
}

static void take_fault(void *context, unsigned line, const char *reason) {
    assert_ptr_equal(context, told);
    tell("%u! %s\n", line, reason);
}

static int read_bytes(const char *text, size_t size) {
    const struct ini_handler handler = {.kind = "rule",
                                        .context = told,
                                        .section = take_section,
                                        .key = take_key,
                                        .fault = take_fault};
    char *exact = malloc(size ? size : 1); /* no byte behind it: the sanitizer tells who looks */
    int error;

    told[0] = 0;
    memcpy(exact, text, size);
    error = ini_read(exact, size, &handler);
    free(exact);
    return error;
}

static void accepts(const char *text, const char *expected) {
    assert_int_equal(read_bytes(text, strlen(text)), 0);
    assert_string_equal(told, expected);
}

static void refuses(const char *text, const char *expected) {
    assert_int_equal(read_bytes(text, strlen(text)), -EINVAL);
    assert_string_equal(told, expected);
}

static void sections_and_keys_are_told_in_their_order(void **state) {
    accepts(
        "; a comment\n\n# another = one\n[rule lab]\nuser = alice  bob\nlock-mac=no\n[rule b]\nx  =  y  \n",
        "4 [lab]\n5 user=alice  bob.\n6 lock-mac=no.\n7 [b]\n8 x=y.\n");
    accepts("", "");
    accepts("\n\n", "");
}

static void a_key_before_all_sections_is_told_as_any_other(void **state) {
    accepts("a = 1\n[rule b]\n", "1 a=1.\n2 [b]\n");
}

static void an_empty_value_is_told_as_one(void **state) {
    accepts("a =\nb=  \n", "1 a=.\n2 b=.\n");
}

static void a_value_may_have_what_inih_takes_for_something_else(void **state) {
    accepts("a = b = c\nb = 52:54:00:*\nc = [rule x]\nd = \"x\"\n",
            "1 a=b = c.\n2 b=52:54:00:*.\n3 c=[rule x].\n4 d=\"x\".\n");
}

static void the_longest_line_is_190_bytes(void **state) {
    char text[256] = "a = ";
    char expected[sizeof(text) + 16];

    memset(text + 4, 'x', INI_LINE - 4);
    snprintf(expected, sizeof(expected), "1 a=%s.\n", text + 4);
    text[INI_LINE] = '\n';
    accepts(text, expected);
    text[INI_LINE] = 'x';
    text[INI_LINE + 1] = '\n';
    refuses(text, "1! line of over 190 bytes\n");
    memset(text, ';', INI_LINE + 1);
    refuses(text, "1! line of over 190 bytes\n");
}

static void a_line_of_any_length_is_one_line(void **state) {
    char text[1024];

    for (size_t length = INI_LINE + 1; length < 900; length++) {
        memset(text, 'x', length);
        snprintf(text + length, sizeof(text) - length, "\na = 1\n");
        refuses(text, "1! line of over 190 bytes\n2 a=1.\n");
    }
}

static void the_longest_sections_name_is_told_whole(void **state) {
    char text[256] = "[rule ";
    char expected[256] = "1 [";

    memset(text + 6, 'n', INI_LINE - 7);
    memset(expected + 3, 'n', INI_LINE - 7);
    snprintf(text + INI_LINE - 1, 8, "]\na=1\n");
    snprintf(expected + 3 + INI_LINE - 7, 16, "]\n2 a=1.\n");
    accepts(text, expected);
}

static void every_byte_that_is_not_printable_ascii_is_refused(void **state) {
    char text[] = "a = b\n";

    for (int byte = 0; byte < 256; byte++) {
        if ((byte >= ' ' && byte <= '~') || byte == '\n') {
            continue;
        }
        text[4] = (char)byte;
        assert_int_equal(read_bytes(text, strlen("a = b\n")), -EINVAL);
        assert_string_equal(told, "1! " NON_ASCII "\n");
    }
    refuses("\xef\xbb\xbf"
            "a = 1\n",
            "1! " NON_ASCII "\n");
    refuses("[rule \xc3\xa9]\n", "1 none\n1! " NON_ASCII "\n");
    refuses("; caf\xc3\xa9 \x7f\n", "1! " NON_ASCII "\n");
}

static void comments_may_have_utf8_and_inih_does_not_see_it(void **state) {
    static const char *const first_and_last[] = {
        "\xc2\xa0", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
        "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf",
    };
    char text[32];

    accepts("; caf\xc3\xa9 [rule x] y = z\n#\xf0\x9f\x90\xa7\na = 1\n", "3 a=1.\n");
    for (size_t i = 0; i < sizeof(first_and_last) / sizeof(first_and_last[0]); i++) {
        snprintf(text, sizeof(text), ";%s\na = 1\n", first_and_last[i]);
        accepts(text, "2 a=1.\n");
    }
}

static void a_comment_has_no_bytes_but_those_of_utf8(void **state) {
    static const char *const bad[] = {
        "\x80", "\xbf x", "\xc3", "\xc3(", "\xc0\xaf", "\xc1\xbf", "\xe0\x9f\xbf", "\xe2\x82",
        "\xe2\x82x", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf0\x9f\x90",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xfe\xff", "\xc2\x80", "\xc2\x9b",
        "\xc2\x9f",
    };
    char text[32];

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(text, sizeof(text), "# x%s\na = 1\n", bad[i]);
        refuses(text, "1! " NON_ASCII "\n2 a=1.\n");
    }
}

static void a_line_that_can_have_been_a_section_ends_the_one_before(void **state) {
    static const char *const lines[] = {" [rule b]", " [rule b=c]", "\xef\xbb\xbf[rule b] ; x=y",
                                        "rule [b]", "  [b] = c"};
    static const char *const none[] = {"a = [", "a=[b]", "x [b] = c", "a: [b=c]"};
    char text[64];

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        snprintf(text, sizeof(text), "%s\n", lines[i]);
        assert_int_equal(read_bytes(text, strlen(text)), -EINVAL);
        assert_non_null(strstr(told, "1 none\n"));
    }
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        snprintf(text, sizeof(text), "%s\n", none[i]);
        (void)!read_bytes(text, strlen(text));
        assert_null(strstr(told, "none\n"));
    }
}

static void a_nul_ends_neither_line_nor_file(void **state) {
    assert_int_equal(read_bytes("a = 1\0\nb = 2\n", 13), -EINVAL);
    assert_string_equal(told, "1! " NON_ASCII "\n2 b=2.\n");
}

static void the_last_line_has_a_newline(void **state) {
    refuses("a = 1\nb = 2", "1 a=1.\n2! no newline at the end of the file\n");
    refuses("; c", "1! no newline at the end of the file\n");
    refuses("[rule a]", "1 none\n1! no newline at the end of the file\n");
}

static void a_line_that_inih_would_read_in_its_own_way_is_refused(void **state) {
    refuses("a = 1\n b = 2\n", "1 a=1.\n2! " LEADING "\n");
    refuses(" \n", "1! " LEADING "\n");
    refuses("a: 1\n", "1! " UNCLEAR "\n");
    refuses("a:b = 1\n", "1! " UNCLEAR "\n");
    refuses("a = 1 ; b\n", "1! a comment stands on a line of its own\n");
    refuses("a = 1;b\n", "1! a comment stands on a line of its own\n");
    refuses("a = #\n", "1! a comment stands on a line of its own\n");
}

static void what_is_neither_section_nor_key_nor_comment_is_refused(void **state) {
    refuses("a\n", "1! " UNCLEAR "\n");
    refuses("= 1\n", "1! " UNCLEAR "\n");
    refuses("A = 1\n", "1! " UNCLEAR "\n");
    refuses("a b = 1\n", "1! " UNCLEAR "\n");
    refuses("a1 = 1\n", "1! " UNCLEAR "\n");
    refuses("a_b = 1\n", "1! " UNCLEAR "\n");
    refuses("include policy.d\n", "1! " UNCLEAR "\n");
}

static void a_section_of_another_kind_or_with_text_behind_it_is_refused(void **state) {
    static const char *const lines[] = {"[rule]",  "[rules a]", "[interface a]", "[Rule a]",
                                        "[",       "[]",        "[ rule a]",     "[rule a] ",
                                        "[rule a", "[rulea]",   "[rule a]  x",   "[rule a] = b"};
    char text[64];

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        snprintf(text, sizeof(text), "%s\n", lines[i]);
        refuses(text, "1 none\n1! not known\n");
    }
}

static void what_a_section_may_be_called_is_its_handlers_to_say(void **state) {
    accepts("[rule ]\n[rule  a]\n[rule a b]\n", "1 []\n2 [ a]\n3 [a b]\n");
    refuses("[rule bad]\na = 1\n", "1 [bad]\n1! bad name\n2 a=1.\n");
}

static void what_follows_a_faulty_section_is_not_of_the_one_before(void **state) {
    char text[512] = "[rule a]\n[rule ";

    refuses("[rule a]\n[rule b\x7f]\nc = 1\n",
            "1 [a]\n2 none\n2! " NON_ASCII "\n3 c=1.\n");
    memset(text + strlen(text), 'b', 200);
    snprintf(text + strlen(text), 16, "]\nc = 1\n");
    refuses(text, "1 [a]\n2 none\n2! line of over 190 bytes\n3 c=1.\n");
}

static void a_faulty_line_with_a_bracket_can_have_been_a_section(void **state) {
    refuses("[rule a]\n [rule b]\nc = 1\n", "1 [a]\n2! " LEADING "\n2 none\n3 c=1.\n");
    refuses("\xef\xbb\xbf[rule b]\nc = 1\n", "1! " NON_ASCII "\n1 none\n2 c=1.\n");
    refuses("rule [b]\n", "1! " UNCLEAR "\n1 none\n");
    refuses("A = [b]\n", "1! " UNCLEAR "\n");
    refuses("; \x1b[2J\n", "1! " NON_ASCII "\n");
    refuses("rule b]\n", "1! " UNCLEAR "\n");
}

static void every_fault_of_a_file_is_told(void **state) {
    refuses(" a\nB = 1\n[x]\nc = 1\n", "1! " LEADING "\n2! " UNCLEAR
                                       "\n3 none\n3! not known\n4 c=1.\n");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(sections_and_keys_are_told_in_their_order),
    cmocka_unit_test(a_key_before_all_sections_is_told_as_any_other),
    cmocka_unit_test(an_empty_value_is_told_as_one),
    cmocka_unit_test(a_value_may_have_what_inih_takes_for_something_else),
    cmocka_unit_test(the_longest_line_is_190_bytes),
    cmocka_unit_test(a_line_of_any_length_is_one_line),
    cmocka_unit_test(the_longest_sections_name_is_told_whole),
    cmocka_unit_test(every_byte_that_is_not_printable_ascii_is_refused),
    cmocka_unit_test(comments_may_have_utf8_and_inih_does_not_see_it),
    cmocka_unit_test(a_comment_has_no_bytes_but_those_of_utf8),
    cmocka_unit_test(a_line_that_can_have_been_a_section_ends_the_one_before),
    cmocka_unit_test(a_nul_ends_neither_line_nor_file),
    cmocka_unit_test(the_last_line_has_a_newline),
    cmocka_unit_test(a_line_that_inih_would_read_in_its_own_way_is_refused),
    cmocka_unit_test(what_is_neither_section_nor_key_nor_comment_is_refused),
    cmocka_unit_test(a_section_of_another_kind_or_with_text_behind_it_is_refused),
    cmocka_unit_test(what_a_section_may_be_called_is_its_handlers_to_say),
    cmocka_unit_test(what_follows_a_faulty_section_is_not_of_the_one_before),
    cmocka_unit_test(a_faulty_line_with_a_bracket_can_have_been_a_section),
    cmocka_unit_test(every_fault_of_a_file_is_told),
};

int main(void) {
    return cmocka_run_group_tests(tests, NULL, NULL);
}
