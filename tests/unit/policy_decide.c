// SPDX-License-Identifier: LGPL-2.1-or-later
/* Who may have what: the words of a rule, the names behind them, and which rule decides. */
#include "conf/policy/policy.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ALICE 1000u
#define BOB 1001u
#define STAR 1002u     /* called st*r */
#define UNCALLED 9999u /* not in passwd */
#define CHARS63 "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz_"
#define RULE(name, who, bridges) \
    "[rule " name "]\nuser = " who "\nbridge = " bridges "\nisolate = no\nlock-mac = no\n"

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
                             "+::::::\n"
                             "alice:x:1000:1000:Alice:/home/alice:/bin/sh\n"
                             "alice:x:4444:4444:never the first:/:/bin/sh\n"
                             "alice2:x:1005:1005::/:/bin/sh\n"
                             "bob:x:1001:100::/home/bob:/bin/sh\n"
                             "twice:x:1001:100:bob's other name:/:/bin/sh\n"
                             "st*r:x:1002:1002::/:/bin/sh\n"
                             "a.b-c_d:x:1003:1003::/:/bin/sh\n"
                             "minus:x:-1:1004::/:/bin/sh\n"
                             "octal:x:01004:1004::/:/bin/sh\n"
                             "empty:x::1004::/:/bin/sh\n"
                             "short:x\n"
                             "x:x:1006:1006::/:/bin/sh\n"
                             CHARS63 ":x:1063:1063::/:/bin/sh\n"
                             CHARS63 "x:x:1064:1064::/:/bin/sh\n"
                             "last:x:1099:1099";
static const char group[] = "root:x:0:\nstudents:x:5000:alice,bob\nalice:x:7777:\nstaff:x:50:";
static const char subuid[] =
    "alice:100000:65536\nbob:165536:65536\ncarol:300000:10\ncarol:300005:100\nlast:1099:1\n";
static const struct policy_accounts accounts = {(char *)passwd, (char *)group, (char *)subuid};

static const struct policy_bridge br0 = {.name = "br0", .mtu = 1500, .exists = true, .pinned = true};
static const struct policy_bridge alone = {.mtu = POLICY_MTU_ALONE, .pinned = true};
static const struct wire_interface plain = {.queues = 1}, on_br0 = {.bridge = "br0", .queues = 1};

static struct policy policy; /* of the case that runs */
static struct policy_subject subject;

static int release(void **state) {
    free(policy.rules);
    free(policy.text);
    policy = (struct policy){0};
    return 0;
}

static struct caller user(uint32_t uid) { return (struct caller){.uid = uid, .gid = uid}; }

/* TEXT is the policy, CALLER asks.  What policy_resolve() says. */
static int load(const char *text, struct caller caller) {
    release(NULL);
    assert_int_equal(policy_parse(&policy, text, strlen(text), NULL, NULL), 0);
    return policy_resolve(&policy, &accounts, &caller, &subject);
}

static bool granted(struct wire_interface asked, struct policy_bridge bridge) {
    return policy_decide(&policy, &subject, &asked, &bridge).failed == POLICY_KEYS;
}

/* Do the words WHO name the caller? */
static bool names(const char *who, struct caller caller) {
    char text[512];

    snprintf(text, sizeof(text), "[rule lab]\nuser = %s\nbridge = none\n", who);
    assert_int_equal(load(text, caller), 0);
    return granted(plain, alone);
}

/* The first condition of a rule with KEYS that refuses alice what is ASKED; POLICY_KEYS: she gets it. */
static enum policy_key refused(const char *keys, struct wire_interface asked) {
    char text[1024];

    snprintf(text, sizeof(text), RULE("lab", "*", "br0 none") "%s", keys);
    assert_int_equal(load(text, user(ALICE)), 0);
    asked.queues = asked.queues ? asked.queues : 1;
    return policy_decide(&policy, &subject, &asked, asked.bridge[0] ? &br0 : &alone).failed;
}

/* Does a rule with KEYS give alice the name DEV? */
static bool gives_dev(const char *keys, const char *dev) {
    struct wire_interface asked = on_br0;

    snprintf(asked.dev, sizeof(asked.dev), "%s", dev);
    return refused(keys, asked) == POLICY_KEYS;
}

/* Is a tap on BRIDGE, "": none, granted to everybody by a rule whose bridges are BRIDGES? */
static bool gives_bridge(const char *bridges, const char *bridge) {
    struct policy_bridge facts = bridge[0] ? br0 : alone;
    struct wire_interface asked = plain;
    char text[512];

    snprintf(text, sizeof(text), RULE("lab", "*", "%s"), bridges);
    assert_int_equal(load(text, user(ALICE)), 0);
    snprintf(asked.bridge, sizeof(asked.bridge), "%s", bridge);
    snprintf(facts.name, sizeof(facts.name), "%s", bridge);
    return granted(asked, facts);
}

static void an_id_names_that_user_alone(void **state) {
    assert_true(names("1000", user(1000)));
    assert_false(names("1000", user(999)));
    assert_false(names("1000", user(1001)));
    assert_false(names("1000", user(10000)));
    assert_false(names("1000", user(100)));
    assert_true(names("0", user(0)));
    assert_false(names("0", user(1)));
    assert_true(names("4294967294", user(4294967294u)));
}

static void a_range_names_both_its_ends_and_nobody_outside(void **state) {
    assert_false(names("5000-5999", user(4999)));
    assert_true(names("5000-5999", user(5000)));
    assert_true(names("5000-5999", user(5500)));
    assert_true(names("5000-5999", user(5999)));
    assert_false(names("5000-5999", user(6000)));
    assert_true(names("7-7", user(7)));
}

static void a_star_names_everybody(void **state) {
    assert_true(names("*", user(0)));
    assert_true(names("*", user(UNCALLED)));
    assert_true(names("*", user(4294967294u)));
    assert_false(names("*", user(UINT32_MAX))); /* nobody's */
}

static void any_of_several_words_names_the_caller(void **state) {
    assert_true(names("1 2   3", user(3)));
    assert_true(names("3 2 1", user(3)));
    assert_true(names("1 3-5 1", user(4)));
    assert_false(names("1 2 3", user(4)));
    assert_true(names("bob alice", user(ALICE)));
}

static void a_group_id_names_primary_and_supplementary_members(void **state) {
    static const uint32_t groups[] = {24, 5000, 27};
    struct caller member = {.uid = ALICE, .gid = 100, .groups = groups, .group_count = 3};

    assert_true(names("%100", member));
    assert_true(names("%24", member));
    assert_true(names("%5000", member));
    assert_true(names("%27", member));
    assert_false(names("%28", member));
    assert_false(names("%26", member));
    member.group_count = 2;
    assert_false(names("%27", member));
}

static void a_subordinate_id_is_not_among_many(void **state) {
    static const uint32_t groups[] = {5000};
    static const char *const who[] = {
        "*",           "%5000",        "%students",     "%7",            "0-4294967294",
        "1000-100001", "99999-100001", "100001-165536", "100000-231071", "* %5000 1000-200000",
    };
    struct caller caller = {.uid = 100001, .gid = 7, .groups = groups, .group_count = 1};

    for (size_t i = 0; i < sizeof(who) / sizeof(who[0]); i++) {
        if (names(who[i], caller)) {
            fail_msg("%s", who[i]);
        }
        assert_int_equal(subject.subuid_line, 1);
    }
    caller.uid = 99999;
    assert_true(names("*", caller));
    assert_true(names("%7", caller));
    assert_true(names("%5000", caller));
    assert_true(names("99999-100001", caller));
    assert_int_equal(subject.subuid_line, 0);
}

static void a_subordinate_id_is_named_on_purpose(void **state) {
    static const char *const who[] = {
        "100001",   "100001-100001", "100000-165535",       "100001-100002",
        "7 100001", "* 100001",      "%5000 100000-100001",
    };

    for (size_t i = 0; i < sizeof(who) / sizeof(who[0]); i++) {
        if (!names(who[i], user(100001))) {
            fail_msg("%s", who[i]);
        }
    }
    assert_true(names("last", user(1099))); /* its name in passwd is as good as its number */
    assert_false(names("*", user(1099)));
    assert_false(names("100002-100005", user(100001)));
    assert_false(names("100002", user(100001)));
}

/* 300005-300009 are of two lines. */
static void only_one_line_can_hold_a_range(void **state) {
    assert_true(names("300000-300009", user(300004)));
    assert_true(names("300005-300104", user(300005)));
    assert_true(names("300005-300104", user(300009)));
    assert_false(names("300000-300104", user(300004)));
    assert_false(names("300004-300010", user(300006)));
    assert_false(names("300000-300010", user(300010)));
}

static void the_bounds_of_a_line_are_its_own(void **state) {
    assert_true(names("*", user(99999)));
    assert_false(names("*", user(100000)));
    assert_false(names("*", user(165535)));
    assert_int_equal(subject.subuid_line, 1);
    assert_false(names("*", user(165536)));
    assert_int_equal(subject.subuid_line, 2);
    assert_false(names("*", user(231071)));
    assert_true(names("*", user(231072)));
}

static void a_subordinate_id_does_not_fall_through_to_a_laxer_rule(void **state) {
    assert_int_equal(load(RULE("strict", "1000", "br0") RULE("lax", "*", "br0"), user(100001)), 0);
    assert_null(policy_decide(&policy, &subject, &on_br0, &br0).rule);
    assert_int_equal(load(RULE("mine", "100001", "br0") RULE("lax", "*", "br0"), user(100001)), 0);
    assert_string_equal(policy_decide(&policy, &subject, &on_br0, &br0).rule->name, "mine");
}

static void words_that_are_none_are_told_for_a_subordinate_id_too(void **state) {
    assert_int_equal(load(RULE("lab", "%no-one *", "none"), user(100001)), -ENOENT);
    assert_int_equal(load(RULE("lab", "* no-one", "none"), user(100001)), -ENOENT);
}

static void ids_of_users_and_of_groups_are_not_mixed_up(void **state) {
    static const uint32_t groups[] = {2000};
    struct caller caller = {.uid = 1000, .gid = 3000, .groups = groups, .group_count = 1};

    assert_false(names("%1000", caller));
    assert_false(names("2000", caller));
    assert_false(names("3000", caller));
    assert_false(names("2000-3000", caller));
}

static void a_user_name_is_the_id_that_passwd_has_for_it(void **state) {
    assert_true(names("alice", user(ALICE)));
    assert_false(names("alice", user(BOB)));
    assert_true(names("twice", user(BOB)));
    assert_true(names("a.b-c_d", user(1003)));
    assert_true(names("root", user(0)));
    assert_true(names("last", user(1099)));
    assert_true(names(CHARS63, user(1063)));
}

static void the_first_entry_of_a_name_counts(void **state) {
    assert_false(names("alice", user(4444)));
}

static void names_are_compared_whole(void **state) {
    assert_false(names("alice", user(1005)));
    assert_false(names("alice2", user(ALICE)));
    assert_int_equal(load(RULE("lab", "alic", "none"), user(ALICE)), -ENOENT);
    assert_int_equal(load(RULE("lab", "alice22", "none"), user(ALICE)), -ENOENT);
}

static void a_group_name_is_the_id_that_group_has_for_it(void **state) {
    static const uint32_t groups[] = {5000};

    assert_true(names("%students", (struct caller){.uid = 1, .gid = 5000}));
    assert_true(names("%students", (struct caller){.uid = 1, .gid = 1, .groups = groups, .group_count = 1}));
    assert_true(names("%staff", (struct caller){.uid = 1, .gid = 50}));
    assert_false(names("%students", (struct caller){.uid = 5000, .gid = 1}));
}

static void users_and_groups_of_one_name_are_told_apart(void **state) {
    assert_true(names("%alice", (struct caller){.uid = 1, .gid = 7777}));
    assert_false(names("%alice", user(ALICE)));
    assert_false(names("alice", (struct caller){.uid = 7777, .gid = 7777}));
    assert_int_equal(load(RULE("lab", "%bob", "none"), user(BOB)), -ENOENT);
    assert_int_equal(load(RULE("lab", "students", "none"), user(BOB)), -ENOENT);
}

static void who_is_in_a_group_is_the_kernels_word_not_the_files(void **state) {
    assert_false(names("%students", user(ALICE)));
}

static void a_name_in_neither_file_denies_everybody_not_one_rule(void **state) {
    assert_int_equal(load(RULE("first", "*", "none") RULE("second", "1000 no-one", "br0"), user(ALICE)), -ENOENT);
    assert_int_equal(load(RULE("first", "%no-one", "br0") RULE("second", "*", "none"), user(ALICE)), -ENOENT);
    assert_int_equal(load(RULE("lab", "0x3e8", "none"), user(ALICE)), -ENOENT);
}

static void which_rule_has_the_name_that_is_not_there_can_be_found(void **state) {
    static const char text[] = RULE("a", "alice 5", "none") RULE("b", "* no-one", "none")
                               RULE("c", "%no-one 1000", "none") RULE("d", "%staff", "none");
    static const int known[] = {0, -ENOENT, -ENOENT, 0};
    static const bool names_alice[] = {true, true, true, false};

    assert_int_equal(load(text, user(ALICE)), -ENOENT);
    for (size_t i = 0; i < 4; i++) {
        const char *users = policy.rules[i].value[POLICY_USER];

        assert_int_equal(policy_check_value(&accounts, POLICY_USER, users), known[i]);
        assert_int_equal(policy_value_has_caller(users, &subject), names_alice[i]);
    }
}

static void an_entry_without_a_plain_id_is_none(void **state) {
    assert_int_equal(load(RULE("lab", "minus", "none"), user(ALICE)), -ENOENT);
    assert_int_equal(load(RULE("lab", "octal", "none"), user(ALICE)), -ENOENT);
    assert_int_equal(load(RULE("lab", "empty", "none"), user(ALICE)), -ENOENT);
    assert_int_equal(load(RULE("lab", "short", "none"), user(ALICE)), -ENOENT);
}

static void a_policy_of_single_ids_needs_no_files(void **state) {
    static const char text[] = RULE("lab", "1000 9999 5-5", "none * br-u{uid}") "dev = *\nmtu = 68-9000\n";
    static const struct policy_accounts none = {0};
    const struct caller uncalled = user(UNCALLED);

    assert_int_equal(policy_parse(&policy, text, strlen(text), NULL, NULL), 0);
    assert_false(policy.has_names || policy.has_caller_name || policy.has_broad_words);
    assert_int_equal(policy_resolve(&policy, &none, &uncalled, &subject), 0);
    assert_true(granted(plain, alone));
}

static void a_word_for_many_needs_to_know_the_subordinate_ids(void **state) {
    static const char *const who[] = {"*", "%7", "%staff", "5-6", "1000 *", "0-4294967294"};
    static const struct policy_accounts unknown = {(char *)passwd, (char *)group, NULL};
    const struct caller alice = user(ALICE);
    char text[512];

    for (size_t i = 0; i < sizeof(who) / sizeof(who[0]); i++) {
        snprintf(text, sizeof(text), RULE("mine", "1000", "none") RULE("lab", "%s", "none"),
                 who[i]);
        assert_int_equal(load(text, user(ALICE)), 0);
        assert_true(policy.has_broad_words);
        assert_int_equal(policy_resolve(&policy, &unknown, &alice, &subject), -ENOENT);
    }
}

static void names_without_their_file_deny_everybody(void **state) {
    static const char text[] = RULE("lab", "* alice %students", "none");
    const struct caller alice = user(ALICE);

    assert_int_equal(policy_parse(&policy, text, strlen(text), NULL, NULL), 0);
    for (unsigned missing = 1; missing < 4; missing++) {
        struct policy_accounts some = accounts;

        some.passwd = missing & 1 ? NULL : some.passwd;
        some.group = missing & 2 ? NULL : some.group;
        assert_int_equal(policy_resolve(&policy, &some, &alice, &subject), -ENOENT);
    }
    assert_int_equal(policy_resolve(&policy, &accounts, &alice, &subject), 0);
}

static void the_callers_name_is_the_first_of_its_id(void **state) {
    assert_int_equal(load(RULE("lab", "*", "none"), user(BOB)), 0);
    assert_string_equal(subject.name, "bob");
    assert_int_equal(load(RULE("lab", "*", "none"), user(1063)), 0);
    assert_string_equal(subject.name, CHARS63);
    assert_int_equal(load(RULE("lab", "*", "none"), user(UNCALLED)), 0);
    assert_string_equal(subject.name, "");
}

static void a_policy_without_rules_grants_nothing(void **state) {
    struct policy_verdict verdict;

    assert_int_equal(load("", user(0)), 0);
    verdict = policy_decide(&policy, &subject, &plain, &alone);
    assert_null(verdict.rule);
    assert_int_equal(verdict.failed, POLICY_USER);
    assert_int_equal(verdict.faults, 0);
}

static void the_first_rule_that_names_caller_and_bridge_decides_alone(void **state) {
    struct wire_interface two_queues = {.bridge = "br0", .queues = 2};
    struct policy_verdict verdict;

    assert_int_equal(load(RULE("strict", "1000", "br0") RULE("lax", "*", "*") "queues = 8\n", user(ALICE)), 0);
    verdict = policy_decide(&policy, &subject, &two_queues, &br0);
    assert_string_equal(verdict.rule->name, "strict");
    assert_int_equal(verdict.failed, POLICY_QUEUES);

    assert_int_equal(load(RULE("lax", "*", "*") "queues = 8\n" RULE("strict", "1000", "br0"), user(ALICE)), 0);
    verdict = policy_decide(&policy, &subject, &two_queues, &br0);
    assert_string_equal(verdict.rule->name, "lax");
    assert_int_equal(verdict.failed, POLICY_KEYS);
}

static void a_rule_for_another_caller_or_bridge_is_passed_over(void **state) {
    static const char text[] = RULE("other-user", "1001", "br0") "queues = 8\n"
                               RULE("other-bridge", "1000", "br1") "queues = 8\n" RULE("mine", "1000", "br0");
    struct wire_interface two_queues = {.bridge = "br0", .queues = 2};
    struct policy_verdict verdict;

    assert_int_equal(load(text, user(ALICE)), 0);
    verdict = policy_decide(&policy, &subject, &on_br0, &br0);
    assert_string_equal(verdict.rule->name, "mine");
    assert_int_equal(verdict.failed, POLICY_KEYS);
    assert_int_equal(policy_decide(&policy, &subject, &two_queues, &br0).failed, POLICY_QUEUES);
}

static void where_no_rule_names_the_caller_there_is_no_rule(void **state) {
    struct policy_verdict verdict;

    assert_int_equal(load(RULE("a", "1001", "br0") RULE("b", "1002", "br0"), user(ALICE)), 0);
    verdict = policy_decide(&policy, &subject, &on_br0, &br0);
    assert_null(verdict.rule);
    assert_int_equal(verdict.failed, POLICY_USER);

    assert_int_equal(load(RULE("a", "1000", "br1"), user(ALICE)), 0);
    verdict = policy_decide(&policy, &subject, &on_br0, &br0);
    assert_null(verdict.rule);
    assert_int_equal(verdict.failed, POLICY_BRIDGE);
}

static void each_rule_says_which_condition_failed_first(void **state) {
    static const struct {
        const char *text;
        enum policy_key failed;
    } rule[] = {{RULE("lab", "1001", "br1"), POLICY_USER},
                {RULE("lab", "1000", "br1"), POLICY_BRIDGE},
                {RULE("lab", "1000", "br0") "guest-mac = 02:*\n", POLICY_DEV},
                {RULE("lab", "1000", "br0") "dev = *\nguest-mac = 02:*\n", POLICY_GUEST_MAC},
                {RULE("lab", "1000", "br0") "dev = *\n", POLICY_HOST_MAC},
                {RULE("lab", "1000", "br0") "dev = *\nhost-mac = *\n", POLICY_MTU},
                {RULE("lab", "1000", "br0") "dev = *\nhost-mac = *\nmtu = 1400\n", POLICY_QUEUES},
                {RULE("lab", "1000", "br0") "dev = *\nhost-mac = *\nmtu = 1400\nqueues = 2\n", POLICY_KEYS}};
    static const struct wire_interface everything = {"vm", "br0", {0x52, 0x54}, {0xfe, 0x54}, 1400, 2, 1};

    for (size_t i = 0; i < sizeof(rule) / sizeof(rule[0]); i++) {
        assert_int_equal(load(rule[i].text, user(ALICE)), 0);
        assert_int_equal(policy_rule_refuses(policy.rules, &subject, &everything, &br0), rule[i].failed);
    }
}

static void patterns_match_as_people_read_them(void **state) {
    static const struct {
        const char *pattern, *name;
        bool match;
    } one[] = {{"br0", "br0", true}, {"br0", "br00", false}, {"br0", "br", false}, {"br0", "abr0", false},
               {"br0", "BR0", false}, {"br*", "br0", true}, {"br*", "br", true}, {"br*", "b0", false},
               {"*", "br0", true}, {"*r*", "br0", true}, {"*0", "br01", false}, {"br-lab br-x*", "br-x1", true},
               {"br-lab br-x*", "br-lab1", false}, {"br.5", "br.5", true}, {"br.5", "br05", false},
               {"**", "br0", true}, {"br*", "br.5", true}, {"*", ".br", true}, {"br*x", "br-xx", true},
               {"br-{uid}", "br-1000", true}, {"br-{uid}", "br-1001", false}, {"br-{user}", "br-alice", true}};

    for (size_t i = 0; i < sizeof(one) / sizeof(one[0]); i++)
        if (gives_bridge(one[i].pattern, one[i].name) != one[i].match)
            fail_msg("%s: %s should %smatch", one[i].pattern, one[i].name, one[i].match ? "" : "not ");
}

static void uid_stands_for_the_callers_id_and_no_other(void **state) {
    assert_true(gives_dev("dev = u{uid}-*\n", "u1000-vm1"));
    assert_true(gives_dev("dev = u{uid}-*\n", "u1000-"));
    assert_false(gives_dev("dev = u{uid}-*\n", "u1000"));
    assert_false(gives_dev("dev = u{uid}-*\n", "u10001-vm1"));
    assert_false(gives_dev("dev = u{uid}-*\n", "u100-vm1"));
    assert_false(gives_dev("dev = u{uid}-*\n", "u1001-vm1"));
    assert_true(gives_dev("dev = x{uid}y{uid}\n", "x1000y1000"));
    assert_false(gives_dev("dev = x{uid}y{uid}\n", "x1000y1001"));
    assert_true(gives_dev("dev = vm a{uid}\n", "a1000"));
}

static void user_stands_for_the_callers_name(void **state) {
    assert_true(gives_dev("dev = {user}-*\n", "alice-vm1"));
    assert_false(gives_dev("dev = {user}-*\n", "alice2-vm1"));
    assert_false(gives_dev("dev = {user}-*\n", "bob-vm1"));
    assert_true(gives_dev("dev = x-{user}\n", "x-alice"));
    assert_false(gives_dev("dev = x-{user}\n", "x-1000"));
}

static void a_pattern_longer_than_any_name_is_not_cut_to_one(void **state) {
    assert_int_equal(load(RULE("lab", "*", "none") "dev = {user}{user}*\n", user(1063)), 0);
    assert_false(granted((struct wire_interface){.dev = "abcdefghijklmno", .queues = 1}, alone));
}

static void a_caller_without_a_name_is_denied_where_the_policy_says_user(void **state) {
    assert_int_equal(load(RULE("lab", "*", "none") "dev = {user}-*\n", user(UNCALLED)), -ENOENT);
    assert_int_equal(load(RULE("mine", "*", "none") RULE("other", "5", "br-{user}"), user(UNCALLED)), -ENOENT);
    assert_int_equal(load(RULE("lab", "*", "none") "dev = {user}-*\n", user(ALICE)), 0);
}

static void a_user_name_with_a_star_is_no_pattern(void **state) {
    static const char text[] = RULE("lab", "*", "none") "dev = {user} x{user}* *{user}\n";

    assert_int_equal(load(text, user(STAR)), -ENOENT);
    assert_string_equal(subject.name, "");
    assert_false(granted((struct wire_interface){.dev = "star", .queues = 1}, alone));
    assert_false(granted((struct wire_interface){.dev = "st-anyone-r", .queues = 1}, alone));
    assert_false(granted((struct wire_interface){.dev = "xyz", .queues = 1}, alone));
}

static void a_user_name_of_over_63_bytes_is_not_known_not_cut(void **state) {
    assert_int_equal(load(RULE("lab", "*", "none") "dev = {user}\n", user(1064)), -ENOENT);
    assert_string_equal(subject.name, "");
}

static void the_name_of_an_earlier_caller_is_not_kept(void **state) {
    assert_int_equal(load(RULE("lab", "*", "none"), user(1003)), 0);
    assert_string_equal(subject.name, "a.b-c_d");
    assert_int_equal(policy_resolve(&policy, &accounts, &(struct caller){.uid = BOB}, &subject), 0);
    assert_string_equal(subject.name, "bob");
    assert_int_equal(policy_resolve(&policy, &accounts, &(struct caller){.uid = 100001}, &subject), 0);
    assert_int_equal(subject.subuid_line, 1);
    assert_int_equal(policy_resolve(&policy, &accounts, &(struct caller){.uid = UNCALLED}, &subject), 0);
    assert_int_equal(subject.subuid_line, 0);
    assert_string_equal(subject.name, "");
}

static void none_is_a_tap_without_a_bridge_and_nothing_else(void **state) {
    assert_true(gives_bridge("none", ""));
    assert_true(gives_bridge("br0 none", ""));
    assert_true(gives_bridge("br0 none", "br0"));
    assert_false(gives_bridge("none", "br0"));
    assert_false(gives_bridge("br0", ""));
}

static void a_star_means_every_bridge_but_not_none(void **state) {
    assert_true(gives_bridge("*", "br0"));
    assert_false(gives_bridge("*", ""));
    assert_false(gives_bridge("n* *ne no*e none*", ""));
    assert_true(gives_bridge("* none", ""));
}

static void a_bridge_that_does_not_exist_is_named_by_no_rule(void **state) {
    struct policy_bridge gone = br0;
    struct policy_verdict verdict;

    gone.exists = false;
    assert_int_equal(load(RULE("lab", "*", "* br0 none"), user(ALICE)), 0);
    verdict = policy_decide(&policy, &subject, &on_br0, &gone);
    assert_null(verdict.rule);
    assert_int_equal(verdict.failed, POLICY_BRIDGE);
}

static void a_bridge_is_matched_by_the_name_the_kernel_returns(void **state) {
    static const struct wire_interface by_altname = {.bridge = "br0", .queues = 1};
    struct policy_bridge secret = {.name = "secret", .mtu = 1500, .exists = true, .pinned = true};

    assert_int_equal(load(RULE("lab", "*", "br0"), user(ALICE)), 0);
    assert_false(granted(by_altname, secret));
    assert_int_equal(load(RULE("lab", "*", "secret"), user(ALICE)), 0);
    assert_true(granted(by_altname, secret));
}

static void a_name_may_be_asked_for_only_where_a_rule_has_patterns(void **state) {
    assert_int_equal(refused("", (struct wire_interface){.dev = "vm", .bridge = "br0"}), POLICY_DEV);
    assert_int_equal(refused("dev = vm\n", (struct wire_interface){.dev = "vm", .bridge = "br0"}), POLICY_KEYS);
    assert_int_equal(refused("dev = vm\n", on_br0), POLICY_KEYS);
    assert_int_equal(refused("dev = vm\n", (struct wire_interface){.dev = "other"}), POLICY_DEV);
}

static void addresses_match_by_whole_octets(void **state) {
    static const struct {
        const char *pattern;
        bool match; /* 52:54:00:ab:cd:ef */
    } one[] = {{"52:54:00:ab:cd:ef", true}, {"52:54:00:AB:CD:EF", true}, {"52:54:00:ab:cd:ee", false},
               {"52:54:00:*", true}, {"52:54:01:*", false}, {"54:*", false}, {"52:*", true}, {"*", true},
               {"52:54:00:ab:cd:*", true}, {"52:*:00:*:cd:ef", true}, {"52:*:01:*:cd:ef", false},
               {"*:*:*:*:*:ef", true}, {"*:*:*:*:*:ee", false}, {"*:*:*:*:*:*", true}, {"*:54:*:*:*:*", true},
               {"*:*:54:*:*:*", false}, {"02:* 52:54:00:*", true}, {"02:* 06:*", false}};
    static const struct wire_interface guest = {.bridge = "br0", .guest_mac = {0x52, 0x54, 0, 0xab, 0xcd, 0xef}};
    static const struct wire_interface host = {.bridge = "br0", .host_mac = {0x52, 0x54, 0, 0xab, 0xcd, 0xef}};
    char keys[128];

    for (size_t i = 0; i < sizeof(one) / sizeof(one[0]); i++) {
        snprintf(keys, sizeof(keys), "guest-mac = %s\n", one[i].pattern);
        if (refused(keys, guest) != (one[i].match ? POLICY_KEYS : POLICY_GUEST_MAC)) fail_msg("%s", keys);
        snprintf(keys, sizeof(keys), "host-mac = %s\n", one[i].pattern);
        if (refused(keys, host) != (one[i].match ? POLICY_KEYS : POLICY_HOST_MAC)) fail_msg("%s", keys);
    }
}

static void names_of_one_byte_are_names(void **state) {
    static const struct wire_interface asked = {.bridge = "b", .queues = 1};
    struct policy_bridge bridge = {.name = "b", .mtu = 1500, .exists = true};

    assert_true(gives_bridge("b", "b"));
    assert_false(gives_bridge("none", "b"));
    assert_false(gives_dev("dev = v\n", "d"));
    assert_true(gives_dev("dev = d\n", "d"));
    assert_int_equal(load(RULE("lab", "*", "b none") "dev = {user}\n", user(1006)), 0);
    assert_true(granted((struct wire_interface){.dev = "x", .queues = 1}, alone));
    assert_int_equal(policy_decide(&policy, &subject, &asked, &bridge).faults, WIRE_FAULT_UNPINNED);
}

static void an_address_not_asked_for_needs_no_leave(void **state) {
    assert_int_equal(refused("guest-mac = 52:*\nhost-mac = fe:*\n", on_br0), POLICY_KEYS);
    assert_int_equal(refused("", on_br0), POLICY_KEYS);
}

static void a_host_address_may_be_asked_for_only_where_a_rule_has_patterns(void **state) {
    assert_int_equal(refused("", (struct wire_interface){.host_mac = {0xfe, 1}}), POLICY_HOST_MAC);
    assert_int_equal(refused("host-mac = *\n", (struct wire_interface){.host_mac = {0xfe, 1}}), POLICY_KEYS);
}

static void any_guest_address_goes_where_the_port_is_not_locked_to_one(void **state) {
    static const struct wire_interface asked = {.bridge = "br0", .guest_mac = {2, 1}}, lone = {.guest_mac = {2, 1}};

    assert_int_equal(refused("", asked), POLICY_KEYS);
    assert_int_equal(refused("guest-mac = 52:*\n", asked), POLICY_GUEST_MAC);
    assert_int_equal(load("[rule lab]\nuser = *\nbridge = none\n", user(ALICE)), 0);
    assert_true(granted(lone, alone));
}

static void a_locked_port_has_only_a_guest_address_that_its_rule_allows(void **state) {
    static const struct wire_interface asked = {.bridge = "br0", .guest_mac = {2, 1}, .queues = 1};

    assert_int_equal(load(RULE("lab", "*", "br0"), user(ALICE)), 0);
    policy.rules[0].value[POLICY_LOCK_MAC] = "yes"; /* as written once this version supports it */
    assert_int_equal(policy_decide(&policy, &subject, &asked, &br0).failed, POLICY_GUEST_MAC);
    policy.rules[0].value[POLICY_GUEST_MAC] = "02:*";
    assert_int_equal(policy_decide(&policy, &subject, &asked, &br0).failed, POLICY_KEYS);
}

static void without_an_mtu_key_only_the_bridges_own_may_be_asked(void **state) {
    assert_int_equal(refused("", (struct wire_interface){.bridge = "br0", .mtu = 1500}), POLICY_KEYS);
    assert_int_equal(refused("", (struct wire_interface){.bridge = "br0", .mtu = 1499}), POLICY_MTU);
    assert_int_equal(refused("", (struct wire_interface){.bridge = "br0", .mtu = 1501}), POLICY_MTU);
    assert_int_equal(refused("", (struct wire_interface){.mtu = POLICY_MTU_ALONE}), POLICY_KEYS);
    assert_int_equal(refused("", (struct wire_interface){.mtu = 9000}), POLICY_MTU);
}

static void an_mtu_may_be_asked_within_the_range(void **state) {
    static const struct {
        uint32_t mtu;
        enum policy_key failed;
    } asked[] = {{1279, POLICY_MTU}, {1280, POLICY_KEYS}, {1400, POLICY_KEYS}, {9000, POLICY_KEYS}, {9001, POLICY_MTU}};

    for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++)
        assert_int_equal(refused("mtu = 1280-9000\n", (struct wire_interface){.mtu = asked[i].mtu}), asked[i].failed);
    assert_int_equal(refused("mtu = 1280-1400\n", (struct wire_interface){.bridge = "br0", .mtu = 1500}), POLICY_KEYS);
    assert_int_equal(refused("mtu = 9000\n", (struct wire_interface){.mtu = 9000}), POLICY_KEYS);
    assert_int_equal(refused("mtu = 9000\n", (struct wire_interface){.mtu = 8999}), POLICY_MTU);
}

static void the_mtu_is_what_was_asked_or_the_bridges(void **state) {
    struct wire_interface asked = on_br0;
    struct policy_bridge jumbo = br0;

    jumbo.mtu = 9000;
    assert_int_equal(load(RULE("lab", "*", "br0 none") "mtu = 68-65521\n", user(ALICE)), 0);
    assert_int_equal(policy_decide(&policy, &subject, &asked, &jumbo).mtu, 9000);
    asked.mtu = 9100;
    assert_int_equal(policy_decide(&policy, &subject, &asked, &jumbo).mtu, 9100);
    assert_int_equal(policy_decide(&policy, &subject, &plain, &alone).mtu, 1500);
}

static void queues_are_at_most_what_the_rule_says_and_one_where_it_does_not(void **state) {
    assert_int_equal(refused("", (struct wire_interface){.queues = 1}), POLICY_KEYS);
    assert_int_equal(refused("", (struct wire_interface){.queues = 2}), POLICY_QUEUES);
    assert_int_equal(refused("queues = 4\n", (struct wire_interface){.queues = 1}), POLICY_KEYS);
    assert_int_equal(refused("queues = 4\n", (struct wire_interface){.queues = 4}), POLICY_KEYS);
    assert_int_equal(refused("queues = 4\n", (struct wire_interface){.queues = 5}), POLICY_QUEUES);
    assert_int_equal(refused("queues = 253\n", (struct wire_interface){.queues = 253}), POLICY_KEYS);
}

static void a_rule_with_max_0_decides_and_grants_nothing(void **state) {
    const char *text = RULE("out", "1000", "br0 none") "max = 0\n" RULE("all", "*", "br0 none");
    struct wire_interface asked = on_br0;
    struct policy_verdict verdict;

    assert_int_equal(load(text, user(ALICE)), 0);
    verdict = policy_decide(&policy, &subject, &on_br0, &br0);
    assert_string_equal(verdict.rule->name, "out");
    assert_int_equal(verdict.failed, POLICY_MAX);
    assert_int_equal(policy_decide(&policy, &subject, &plain, &alone).failed, POLICY_MAX);
    asked.queues = 2;
    memcpy(asked.dev, "vm1", 4);
    assert_int_equal(policy_decide(&policy, &subject, &asked, &br0).failed, POLICY_MAX);
    assert_int_equal(load(text, user(BOB)), 0);
    assert_true(granted(on_br0, br0));
    assert_true(granted(plain, alone));
}

/* The first condition of a rule with KEYS that refuses alice, in another network namespace, a tap on br0. */
static enum policy_key refused_elsewhere(const char *keys, enum wire_netns netns) {
    struct caller alice = user(ALICE);
    struct wire_interface asked = on_br0;
    char text[256];

    alice.is_in_other_netns = true;
    asked.netns = netns;
    snprintf(text, sizeof(text), RULE("lab", "*", "br0") "%s", keys);
    assert_int_equal(load(text, alice), 0);
    return policy_decide(&policy, &subject, &asked, &br0).failed;
}

static void a_caller_in_another_network_namespace_needs_the_rule_and_netns_host(void **state) {
    static const char yes[] = "allow-other-netns = yes\n", no[] = "allow-other-netns = no\n";
    struct wire_interface host = on_br0;

    assert_int_equal(refused_elsewhere("", WIRE_NETNS_HOST), POLICY_ALLOW_OTHER_NETNS);
    assert_int_equal(refused_elsewhere(no, WIRE_NETNS_HOST), POLICY_ALLOW_OTHER_NETNS);
    assert_int_equal(refused_elsewhere(yes, WIRE_NETNS_OWN), POLICY_ALLOW_OTHER_NETNS);
    assert_int_equal(refused_elsewhere(yes, WIRE_NETNS_HOST), POLICY_KEYS);
    assert_int_equal(refused_elsewhere("max = 0\n", WIRE_NETNS_HOST), POLICY_ALLOW_OTHER_NETNS);
    assert_int_equal(refused_elsewhere("max = 0\nallow-other-netns = yes\n", WIRE_NETNS_HOST), POLICY_MAX);
    /* to a caller in this one, neither matters */
    host.netns = WIRE_NETNS_HOST;
    assert_int_equal(refused("", host), POLICY_KEYS);
    assert_int_equal(refused(no, host), POLICY_KEYS);
    assert_int_equal(refused(yes, on_br0), POLICY_KEYS);
}

static void the_rule_for_another_network_namespace_decides_alone(void **state) {
    struct caller alice = user(ALICE);
    struct wire_interface asked = on_br0;
    struct policy_verdict verdict;

    alice.is_in_other_netns = true;
    asked.netns = WIRE_NETNS_HOST;
    assert_int_equal(load(RULE("first", "*", "br0") RULE("second", "*", "br0") "allow-other-netns = yes\n", alice), 0);
    verdict = policy_decide(&policy, &subject, &asked, &br0);
    assert_string_equal(verdict.rule->name, "first");
    assert_int_equal(verdict.failed, POLICY_ALLOW_OTHER_NETNS);
}

static void words_of_all_lines_count(void **state) {
    const char *text = RULE("lab", "1001", "br1") "user = 1000\ndev = x\nbridge = br0 none\ndev = vm*\n";
    struct wire_interface asked = on_br0;

    assert_int_equal(load(text, user(ALICE)), 0);
    assert_true(granted(plain, alone));
    memcpy(asked.dev, "vm1", 4);
    assert_true(granted(asked, br0));
    memcpy(asked.dev, "x", 2);
    assert_true(granted(asked, br0));
    memcpy(asked.dev, "y", 2);
    assert_false(granted(asked, br0));
    assert_int_equal(load(text, user(BOB)), 0);
    assert_true(granted(plain, alone));
    assert_int_equal(load(text, user(STAR)), 0);
    assert_false(granted(plain, alone));
}

static void a_number_is_tested_as_its_key_says(void **state) {
    assert_false(policy_value_has_mtu("1500", 1499));
    assert_true(policy_value_has_mtu("1500", 1500));
    assert_false(policy_value_has_mtu("1500", 1501));
    assert_true(policy_value_has_mtu("1400-1500", 1400));
    assert_int_equal(policy_check_value(&accounts, POLICY_QUEUES, "4"), 0);
    assert_int_equal(policy_check_value(&accounts, POLICY_QUEUES, "3-4"), -EINVAL);
    assert_int_equal(policy_check_value(&accounts, POLICY_MTU, "3000-4000"), 0);
    assert_int_equal(policy_check_value(&accounts, POLICY_ALLOW_RA, "yes"), 0);
    assert_int_equal(policy_check_value(&accounts, POLICY_ALLOW_RA, "no"), 0);
    assert_int_equal(policy_check_value(&accounts, POLICY_ALLOW_RA, "maybe"), -EINVAL);
}

static void numbers_have_the_defaults_that_the_manual_names(void **state) {
    assert_int_equal(load(RULE("a", "*", "br0") RULE("b", "*", "br0") "queues = 4\nmax = 256\n", user(ALICE)), 0);
    assert_int_equal(policy_number(&policy.rules[0], POLICY_QUEUES), 1);
    assert_int_equal(policy_number(&policy.rules[0], POLICY_MAX), 8);
    assert_int_equal(policy_number(&policy.rules[1], POLICY_QUEUES), 4);
    assert_int_equal(policy_number(&policy.rules[1], POLICY_MAX), 256);
}

static void a_bridge_that_is_not_fit_is_granted_with_its_faults(void **state) {
    static const struct {
        const char *keys;
        bool pinned, takes_ra;
        uint32_t faults;
    } one[] = {{"", true, false, 0},
               {"", false, false, WIRE_FAULT_UNPINNED},
               {"", true, true, WIRE_FAULT_RA},
               {"", false, true, WIRE_FAULT_UNPINNED | WIRE_FAULT_RA},
               {"allow-unpinned-bridge = no\nallow-ra-bridge = no\n", false, true, WIRE_FAULT_UNPINNED | WIRE_FAULT_RA},
               {"allow-unpinned-bridge = yes\n", false, true, WIRE_FAULT_RA},
               {"allow-ra-bridge = yes\n", false, true, WIRE_FAULT_UNPINNED},
               {"allow-unpinned-bridge = yes\nallow-ra-bridge = yes\n", false, true, 0}};
    struct policy_bridge bridge = br0;
    struct policy_verdict verdict;
    char text[512];

    for (size_t i = 0; i < sizeof(one) / sizeof(one[0]); i++) {
        snprintf(text, sizeof(text), RULE("lab", "*", "br0") "%s", one[i].keys);
        assert_int_equal(load(text, user(ALICE)), 0);
        bridge.pinned = one[i].pinned;
        bridge.takes_ra = one[i].takes_ra;
        verdict = policy_decide(&policy, &subject, &on_br0, &bridge);
        assert_int_equal(verdict.failed, POLICY_KEYS);
        assert_int_equal(verdict.faults, one[i].faults);
    }
}

static void an_mtu_that_would_lower_the_bridges_is_a_fault_whatever_is_allowed(void **state) {
    static const char text[] =
        RULE("lab", "*", "br0 none") "mtu = 68-9000\nallow-unpinned-bridge = yes\nallow-ra-bridge = yes\n";
    struct wire_interface asked = {.bridge = "br0", .mtu = 1499, .queues = 1};

    assert_int_equal(load(text, user(ALICE)), 0);
    assert_int_equal(policy_decide(&policy, &subject, &asked, &br0).faults, WIRE_FAULT_MTU);
    asked.mtu = 1500;
    assert_int_equal(policy_decide(&policy, &subject, &asked, &br0).faults, 0);
    assert_int_equal(policy_decide(&policy, &subject, &on_br0, &br0).faults, 0);
}

static void an_mtu_that_could_raise_the_bridges_is_a_fault_whatever_is_allowed(void **state) {
    static const char text[] =
        RULE("lab", "*", "br0 none") "mtu = 68-9000\nallow-unpinned-bridge = yes\nallow-ra-bridge = yes\n";
    static const struct {
        uint32_t mtu;
        uint32_t port_mtu;
        uint32_t faults;
    } one[] = {{1501, 0, WIRE_FAULT_MTU_RAISED}, {1501, 1502, WIRE_FAULT_MTU_RAISED}, {1501, 1501, 0}, {1501, 1500, 0},
               {1501, 68, 0},                    {1500, 0, 0},                        {1500, 9000, 0}, {0, 0, 0},
               {8999, 9000, WIRE_FAULT_MTU_RAISED}, {9000, 9000, 0}};
    struct wire_interface asked = on_br0;
    struct policy_bridge bridge = br0;

    assert_int_equal(load(text, user(ALICE)), 0);
    for (size_t i = 0; i < sizeof(one) / sizeof(one[0]); i++) {
        asked.mtu = one[i].mtu;
        bridge.port_mtu = one[i].port_mtu;
        if (policy_decide(&policy, &subject, &asked, &bridge).faults != one[i].faults) {
            fail_msg("mtu %u, ports' %u", one[i].mtu, one[i].port_mtu);
        }
    }
}

static void a_port_below_the_mtu_of_ipv6_is_a_fault_whatever_is_allowed(void **state) {
    static const char text[] =
        RULE("lab", "*", "br0 none") "mtu = 68-9000\nallow-unpinned-bridge = yes\nallow-ra-bridge = yes\n";
    static const struct {
        uint32_t bridge;
        uint32_t mtu;
        uint32_t faults;
    } one[] = {{1279, 0, WIRE_FAULT_MTU_IPV6},                      {1279, 1279, WIRE_FAULT_MTU_IPV6},
               {1279, 1278, WIRE_FAULT_MTU_IPV6 | WIRE_FAULT_MTU}, {1278, 1279, WIRE_FAULT_MTU_IPV6},
               {1279, 1280, 0},                                     {1280, 0, 0},
               {1280, 1279, WIRE_FAULT_MTU}};
    struct wire_interface asked = on_br0;
    struct policy_bridge bridge = br0;

    bridge.port_mtu = 68;
    assert_int_equal(load(text, user(ALICE)), 0);
    for (size_t i = 0; i < sizeof(one) / sizeof(one[0]); i++) {
        asked.mtu = one[i].mtu;
        bridge.mtu = one[i].bridge;
        if (policy_decide(&policy, &subject, &asked, &bridge).faults != one[i].faults) {
            fail_msg("bridge's mtu %u, asked %u", one[i].bridge, one[i].mtu);
        }
    }
}

static void all_that_is_wrong_with_a_bridge_is_told_at_once(void **state) {
    static const struct wire_interface small = {.bridge = "br0", .mtu = 1400, .queues = 1};
    struct policy_bridge unfit = br0;

    unfit.pinned = false;
    unfit.takes_ra = true;
    assert_int_equal(load(RULE("lab", "*", "br0") "mtu = 68-9000\n", user(ALICE)), 0);
    assert_int_equal(policy_decide(&policy, &subject, &small, &unfit).faults,
                     WIRE_FAULT_UNPINNED | WIRE_FAULT_RA | WIRE_FAULT_MTU);
}

static void without_a_bridge_there_is_nothing_to_be_fit(void **state) {
    static const struct policy_bridge facts = {.mtu = POLICY_MTU_ALONE, .pinned = false, .takes_ra = true};
    static const struct wire_interface small = {.mtu = 68, .queues = 1};

    assert_int_equal(load(RULE("lab", "*", "none") "mtu = 68-9000\n", user(ALICE)), 0);
    assert_int_equal(policy_decide(&policy, &subject, &small, &facts).failed, POLICY_KEYS);
    assert_int_equal(policy_decide(&policy, &subject, &small, &facts).faults, 0);
}

static void who_is_denied_is_not_told_of_the_bridges_faults(void **state) {
    static const struct wire_interface asked = {.bridge = "br0", .queues = 2};
    struct policy_bridge unfit = br0;

    unfit.pinned = false;
    unfit.takes_ra = true;
    assert_int_equal(load(RULE("lab", "*", "br0"), user(ALICE)), 0);
    assert_int_equal(policy_decide(&policy, &subject, &asked, &unfit).faults, 0);
    assert_int_equal(load(RULE("lab", "1001", "br0"), user(ALICE)), 0);
    assert_int_equal(policy_decide(&policy, &subject, &on_br0, &unfit).faults, 0);
}

static void a_decision_changes_nothing(void **state) {
    struct policy_verdict first;

    assert_int_equal(load(RULE("lab", "alice %students", "br-{user} br0") "queues = 2\n", user(ALICE)), 0);
    first = policy_decide(&policy, &subject, &on_br0, &br0);
    assert_false(granted(on_br0, alone));
    assert_true(granted(on_br0, br0));
    assert_ptr_equal(policy_decide(&policy, &subject, &on_br0, &br0).rule, first.rule);
}

static void keys_have_the_names_that_a_policy_uses(void **state) {
    static const char *const name[POLICY_KEYS] = {
        "user", "bridge", "isolate", "lock-mac", "dev", "guest-mac", "host-mac", "mtu", "queues", "max",
        "allow-unpinned-bridge", "allow-ra-bridge", "allow-other-netns"};

    for (enum policy_key key = POLICY_USER; key < POLICY_KEYS; key++)
        assert_string_equal(policy_key_name(key), name[key]);
}

static void words_are_what_blanks_separate(void **state) {
    const char *text = "  one two   three ";
    char word[POLICY_LINE + 1];

    assert_true(policy_next(&text, word));
    assert_string_equal(word, "one");
    assert_true(policy_next(&text, word));
    assert_string_equal(word, "two");
    assert_true(policy_next(&text, word));
    assert_string_equal(word, "three");
    assert_false(policy_next(&text, word));
    assert_false(policy_next(&text, word));
}

#define CASE(name) cmocka_unit_test_teardown(name, release)
static const struct CMUnitTest tests[] = {
    CASE(an_id_names_that_user_alone),
    CASE(a_range_names_both_its_ends_and_nobody_outside),
    CASE(a_star_names_everybody),
    CASE(any_of_several_words_names_the_caller),
    CASE(a_group_id_names_primary_and_supplementary_members),
    CASE(a_subordinate_id_is_not_among_many),
    CASE(a_subordinate_id_is_named_on_purpose),
    CASE(only_one_line_can_hold_a_range),
    CASE(the_bounds_of_a_line_are_its_own),
    CASE(a_subordinate_id_does_not_fall_through_to_a_laxer_rule),
    CASE(words_that_are_none_are_told_for_a_subordinate_id_too),
    CASE(ids_of_users_and_of_groups_are_not_mixed_up),
    CASE(a_user_name_is_the_id_that_passwd_has_for_it),
    CASE(the_first_entry_of_a_name_counts),
    CASE(names_are_compared_whole),
    CASE(a_group_name_is_the_id_that_group_has_for_it),
    CASE(users_and_groups_of_one_name_are_told_apart),
    CASE(who_is_in_a_group_is_the_kernels_word_not_the_files),
    CASE(a_name_in_neither_file_denies_everybody_not_one_rule),
    CASE(which_rule_has_the_name_that_is_not_there_can_be_found),
    CASE(an_entry_without_a_plain_id_is_none),
    CASE(a_policy_of_single_ids_needs_no_files),
    CASE(a_word_for_many_needs_to_know_the_subordinate_ids),
    CASE(names_without_their_file_deny_everybody),
    CASE(the_callers_name_is_the_first_of_its_id),
    CASE(a_policy_without_rules_grants_nothing),
    CASE(the_first_rule_that_names_caller_and_bridge_decides_alone),
    CASE(a_rule_for_another_caller_or_bridge_is_passed_over),
    CASE(where_no_rule_names_the_caller_there_is_no_rule),
    CASE(each_rule_says_which_condition_failed_first),
    CASE(patterns_match_as_people_read_them),
    CASE(uid_stands_for_the_callers_id_and_no_other),
    CASE(user_stands_for_the_callers_name),
    CASE(a_pattern_longer_than_any_name_is_not_cut_to_one),
    CASE(a_caller_without_a_name_is_denied_where_the_policy_says_user),
    CASE(a_user_name_with_a_star_is_no_pattern),
    CASE(a_user_name_of_over_63_bytes_is_not_known_not_cut),
    CASE(the_name_of_an_earlier_caller_is_not_kept),
    CASE(none_is_a_tap_without_a_bridge_and_nothing_else),
    CASE(a_star_means_every_bridge_but_not_none),
    CASE(a_bridge_that_does_not_exist_is_named_by_no_rule),
    CASE(a_bridge_is_matched_by_the_name_the_kernel_returns),
    CASE(a_name_may_be_asked_for_only_where_a_rule_has_patterns),
    CASE(addresses_match_by_whole_octets),
    CASE(names_of_one_byte_are_names),
    CASE(an_address_not_asked_for_needs_no_leave),
    CASE(a_host_address_may_be_asked_for_only_where_a_rule_has_patterns),
    CASE(any_guest_address_goes_where_the_port_is_not_locked_to_one),
    CASE(a_locked_port_has_only_a_guest_address_that_its_rule_allows),
    CASE(without_an_mtu_key_only_the_bridges_own_may_be_asked),
    CASE(an_mtu_may_be_asked_within_the_range),
    CASE(the_mtu_is_what_was_asked_or_the_bridges),
    CASE(queues_are_at_most_what_the_rule_says_and_one_where_it_does_not),
    CASE(a_rule_with_max_0_decides_and_grants_nothing),
    CASE(a_caller_in_another_network_namespace_needs_the_rule_and_netns_host),
    CASE(the_rule_for_another_network_namespace_decides_alone),
    CASE(words_of_all_lines_count),
    CASE(a_number_is_tested_as_its_key_says),
    CASE(numbers_have_the_defaults_that_the_manual_names),
    CASE(a_bridge_that_is_not_fit_is_granted_with_its_faults),
    CASE(an_mtu_that_would_lower_the_bridges_is_a_fault_whatever_is_allowed),
    CASE(an_mtu_that_could_raise_the_bridges_is_a_fault_whatever_is_allowed),
    CASE(a_port_below_the_mtu_of_ipv6_is_a_fault_whatever_is_allowed),
    CASE(all_that_is_wrong_with_a_bridge_is_told_at_once),
    CASE(without_a_bridge_there_is_nothing_to_be_fit),
    CASE(who_is_denied_is_not_told_of_the_bridges_faults),
    CASE(a_decision_changes_nothing),
    CASE(keys_have_the_names_that_a_policy_uses),
    CASE(words_are_what_blanks_separate),
};

int main(void) { return cmocka_run_group_tests(tests, NULL, NULL); }
