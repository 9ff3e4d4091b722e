// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * lint: does one word of a policy cover everything that another one covers?  The cases have ids
 * only: which names there are depends on the host.
 */
#include "cli/lint/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char subuid[] = "one:100000:65536\ntwo:165536:65536\n";

struct pair {
    const char *wide;
    const char *narrow;
};

static const struct pair covered_users[] = {
    {"1000", "1000"},
    {"*", "1000"},
    {"*", "1000-2000"},
    {"1000-2000", "1000"},
    {"1000-2000", "1500-2000"},
    {"5 1000-2000", "1500 5"},
    {"%7", "%7"},
    {"100000-100009", "100009"},
    {"100000", "100000"},
};

static const struct pair other_users[] = {
    {"1000", "1001"},
    {"1000-2000", "999-2000"},
    {"1000-2000", "2000-2001"},
    {"1000", "*"},
    {"%7", "7"},
    {"7", "%7"},
    {"5 6", "5 7"},
    {"*", "100000"},
    {"*", "%7 100000"},
    {"1000-200000", "100000"},
    {"100000-165536", "165536"},
};

static const struct pair covered_bridges[] = {
    {"br0", "br0"},           {"*", "br0"},      {"br*", "br0 br1"},       {"none", "none"},
    {"none br*", "br0 none"}, {"*", "br-{uid}"}, {"br-{uid}", "br-{uid}"},
};

static const struct pair other_bridges[] = {
    {"br0", "br1"},  {"br0", "br*"},      {"*", "none"},
    {"none", "br0"}, {"br*", "br0 none"}, {"*uid*", "br-{uid}"},
};

static void a_user_word_covers_words_whose_ids_it_has(void **state) {
    for (size_t i = 0; i < sizeof(covered_users) / sizeof(covered_users[0]); i++) {
        if (!users_cover(covered_users[i].wide, covered_users[i].narrow, subuid)) {
            fail_msg("%s does not cover %s", covered_users[i].wide, covered_users[i].narrow);
        }
    }
}

static void a_user_word_covers_no_other_words(void **state) {
    for (size_t i = 0; i < sizeof(other_users) / sizeof(other_users[0]); i++) {
        if (users_cover(other_users[i].wide, other_users[i].narrow, subuid)) {
            fail_msg("%s covers %s", other_users[i].wide, other_users[i].narrow);
        }
    }
}

static void a_range_covers_each_of_its_ids_if_none_is_subordinate(void **state) {
    assert_true(users_cover("1000-200000", "100000", ""));
    assert_true(users_cover("*", "100000", NULL));
}

static void a_bridge_word_covers_words_whose_names_it_matches(void **state) {
    for (size_t i = 0; i < sizeof(covered_bridges) / sizeof(covered_bridges[0]); i++) {
        if (!bridges_cover(covered_bridges[i].wide, covered_bridges[i].narrow)) {
            fail_msg("%s does not cover %s", covered_bridges[i].wide, covered_bridges[i].narrow);
        }
    }
}

static void a_bridge_word_covers_no_other_words(void **state) {
    for (size_t i = 0; i < sizeof(other_bridges) / sizeof(other_bridges[0]); i++) {
        if (bridges_cover(other_bridges[i].wide, other_bridges[i].narrow)) {
            fail_msg("%s covers %s", other_bridges[i].wide, other_bridges[i].narrow);
        }
    }
}

static void two_words_share_the_bridges_of_the_narrower_one(void **state) {
    char word[POLICY_LINE + 1];

    assert_true(bridges_share("br*", "br0", word));
    assert_string_equal(word, "br0");
    assert_true(bridges_share("br0", "x br*", word));
    assert_string_equal(word, "br0");
    assert_false(bridges_share("none br0", "none br1", word));
}

static void one_word_with_one_id_names_one_user(void **state) {
    assert_true(words_name_one_user("1000"));
    assert_true(words_name_one_user("1000-1000"));
    assert_false(words_name_one_user("1000 1001"));
    assert_false(words_name_one_user("1000-1001"));
    assert_false(words_name_one_user("%1000"));
    assert_false(words_name_one_user("*"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_user_word_covers_words_whose_ids_it_has),
        cmocka_unit_test(a_user_word_covers_no_other_words),
        cmocka_unit_test(a_range_covers_each_of_its_ids_if_none_is_subordinate),
        cmocka_unit_test(a_bridge_word_covers_words_whose_names_it_matches),
        cmocka_unit_test(a_bridge_word_covers_no_other_words),
        cmocka_unit_test(two_words_share_the_bridges_of_the_narrower_one),
        cmocka_unit_test(one_word_with_one_id_names_one_user),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
