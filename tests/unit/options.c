// SPDX-License-Identifier: LGPL-2.1-or-later
/* Command lines are read as a table of options says. */
#include "cli/shared/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WORDS 80

/* The command line of a case, and what was read from it. */
static bool json;
static const char *owner;
static const char *bridge;
static struct option_values nets;
static struct options options;
static char *line[WORDS];
static int line_count;

static void begin(void) {
    json = false;
    owner = NULL;
    bridge = NULL;
    nets = (struct option_values){.count = 0};
    options = (struct options){.usage = "Usage: this\n",
                               .end = "The end.\n",
                               .row = {{"net", "SPEC", "a net", .all = &nets},
                                       {"owner", "USER", "an owner", .once = &owner},
                                       {"f", "FILE", "a file", .last = &bridge},
                                       {"json", NULL, "JSON", .flag = &json}}};
    line[0] = (char *)"verb";
    line_count = 1;
}

static void add(const char *word) {
    line[line_count] = (char *)word;
    line_count++;
    line[line_count] = NULL;
}

/* The command line has the words of TEXT, which blanks separate. */
static enum options_result read_line(const char *text) {
    static char copy[1000];
    char *rest = copy;
    char *word;

    snprintf(copy, sizeof(copy), "%s", text);
    for (word = strsep(&rest, " "); word; word = strsep(&rest, " ")) {
        add(word);
    }
    return options_read(&options, line_count, line);
}

static void reads(const char *text) {
    enum options_result result;

    begin();
    result = read_line(text);
    if (result != OPTIONS_READ) {
        fail_msg("'%s': %d, '%s'", text, (int)result, options.fault);
    }
}

static void refuses(const char *text, const char *fault) {
    enum options_result result;

    begin();
    result = read_line(text);
    if (result != OPTIONS_WRONG || strcmp(options.fault, fault)) {
        fail_msg("'%s': %d, '%s'", text, (int)result, options.fault);
    }
}

static void answers(const char *text, enum options_result result) {
    begin();
    assert_int_equal(read_line(text), result);
}

static void words_are(const char *first, const char *second) {
    assert_int_equal(options.word_count, (first != NULL) + (second != NULL));
    if (first) {
        assert_string_equal(options.word[0], first);
    }
    if (second) {
        assert_string_equal(options.word[1], second);
    }
    assert_null(options.word[options.word_count]);
}

static void options_and_words_may_stand_in_any_order(void **state) {
    reads("a --json b --owner alice");
    words_are("a", "b");
    assert_true(json);
    assert_string_equal(owner, "alice");
    reads("--owner=alice a");
    words_are("a", NULL);
    assert_string_equal(owner, "alice");
    reads("-fx -f y");
    assert_string_equal(bridge, "y");
    words_are(NULL, NULL);
}

static void the_environment_changes_nothing(void **state) {
    setenv("POSIXLY_CORRECT", "1", 1);
    reads("a --json");
    unsetenv("POSIXLY_CORRECT");
    words_are("a", NULL);
    assert_true(json);
}

static void a_lone_dash_is_a_word_and_two_end_the_options(void **state) {
    reads("- --json");
    words_are("-", NULL);
    reads("a -- --json");
    words_are("a", "--json");
    assert_false(json);
    reads("-- --help");
    words_are("--help", NULL);
}

static void an_empty_value_is_a_value(void **state) {
    reads("--owner= a");
    assert_string_equal(owner, "");
}

static void a_value_may_look_like_an_option(void **state) {
    reads("--owner --json --net --");
    assert_string_equal(owner, "--json");
    assert_false(json);
    assert_string_equal(nets.value[0], "--");
}

static void no_option_is_read_after_a_first_word_that_ends_them(void **state) {
    begin();
    options.stops_at_word = true;
    assert_int_equal(read_line("--json -- true --owner"), OPTIONS_READ);
    words_are("true", "--owner");
    begin();
    options.stops_at_word = true;
    assert_int_equal(read_line("true --bogus"), OPTIONS_READ);
    words_are("true", "--bogus");
}

static void an_abbreviation_is_refused(void **state) {
    refuses("--jso", "unknown option '--jso'");
    refuses("--own=alice", "unknown option '--own=alice'");
    refuses("--own", "unknown option '--own'");
    refuses("--hel", "unknown option '--hel'");
    refuses("--v", "unknown option '--v'");
}

static void an_unknown_option_is_named_as_it_was_written(void **state) {
    refuses("a -x", "unknown option '-x'");
    refuses("-xf a", "unknown option '-xf'");
    refuses("--jsonx", "unknown option '--jsonx'");
    refuses("--json=yes", "unknown option '--json=yes'");
    refuses("--help=me", "unknown option '--help=me'");
    refuses("-json", "unknown option '-json'");
}

static void an_option_without_its_value_is_refused(void **state) {
    refuses("--owner", "--owner needs a value");
    refuses("a -f", "-f needs a value");
}

static void an_option_that_may_be_given_once_is_refused_twice(void **state) {
    refuses("--owner a --owner=a", "--owner is given twice");
}

static void too_many_values_are_refused_and_none_is_lost(void **state) {
    begin();
    for (int i = 0; i < OPTIONS_VALUES; i++) {
        add("--net=a");
    }
    assert_int_equal(options_read(&options, line_count, line), OPTIONS_READ);
    assert_int_equal(nets.count, OPTIONS_VALUES);
    begin();
    for (int i = 0; i <= OPTIONS_VALUES; i++) {
        add("--net=a");
    }
    assert_int_equal(options_read(&options, line_count, line), OPTIONS_WRONG);
    assert_string_equal(options.fault, "more than 64 --net");
}

static void help_and_version_are_answered_before_later_faults(void **state) {
    answers("a --help --bogus", OPTIONS_HELP);
    answers("--version --bogus", OPTIONS_VERSION);
    answers("--bogus --help", OPTIONS_WRONG);
    answers("--owner --help", OPTIONS_READ);
}

static void the_text_of_a_fault_is_cut_to_its_room(void **state) {
    static char word[3000];

    memset(word, 'x', sizeof(word) - 1);
    memcpy(word, "--", 2);
    begin();
    add(word);
    assert_int_equal(options_read(&options, line_count, line), OPTIONS_WRONG);
    assert_int_equal(strlen(options.fault), OPTIONS_FAULT - 1);
}

static void the_usage_has_a_line_for_each_option(void **state) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    begin();
    options_print(&options, out);
    fclose(out);
    assert_string_equal(text, "Usage: this\n"
                              "  --net SPEC    a net\n"
                              "  --owner USER  an owner\n"
                              "  -f FILE       a file\n"
                              "  --json        JSON\n"
                              "  --help        shows this\n"
                              "  --version     shows the version\n"
                              "The end.\n");
    free(text);
}

int main(void) {
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(options_and_words_may_stand_in_any_order),
        cmocka_unit_test(the_environment_changes_nothing),
        cmocka_unit_test(a_lone_dash_is_a_word_and_two_end_the_options),
        cmocka_unit_test(an_empty_value_is_a_value),
        cmocka_unit_test(a_value_may_look_like_an_option),
        cmocka_unit_test(no_option_is_read_after_a_first_word_that_ends_them),
        cmocka_unit_test(an_abbreviation_is_refused),
        cmocka_unit_test(an_unknown_option_is_named_as_it_was_written),
        cmocka_unit_test(an_option_without_its_value_is_refused),
        cmocka_unit_test(an_option_that_may_be_given_once_is_refused_twice),
        cmocka_unit_test(too_many_values_are_refused_and_none_is_lost),
        cmocka_unit_test(help_and_version_are_answered_before_later_faults),
        cmocka_unit_test(the_text_of_a_fault_is_cut_to_its_room),
        cmocka_unit_test(the_usage_has_a_line_for_each_option),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
