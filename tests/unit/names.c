// SPDX-License-Identifier: LGPL-2.1-or-later
/* Tags of links are read back as they were written.  A word that is too long is not read as one. */
#include "wire/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define LONGEST "abcdefghijklmnopqrstuvwxyz_-0123" /* 32 bytes */

static void tags_stay_as_they_are_on_existing_hosts(void **state) {
    char text[128];

    snprintf(text, sizeof(text), NAMES_GRANTED_FORMAT, 1000u, "lab");
    assert_string_equal(text, "tapgrant uid=1000 rule=lab");
    snprintf(text, sizeof(text), NAMES_DECLARED_FORMAT, "web");
    assert_string_equal(text, "tapgrant declared=web");
    snprintf(text, sizeof(text), NAMES_SLOT_FORMAT, 1000u, "lab", 7u);
    assert_string_equal(text, "quota.tapgrant.1000.lab.7");
}

static void a_label_is_read_back_from_its_tag(void **state) {
    char text[128];
    char label[33];

    snprintf(text, sizeof(text), NAMES_DECLARED_FORMAT, LONGEST);
    assert_int_equal(sscanf(text, NAMES_DECLARED_WORD, label), 1);
    assert_string_equal(label, LONGEST);
    assert_int_equal(sscanf("tapgrant declared=", NAMES_DECLARED_WORD, label), -1);
    assert_int_equal(sscanf("tapgrant declared=\x1b", NAMES_DECLARED_WORD, label), 0);
}

static void a_slot_is_read_back_from_its_name(void **state) {
    char text[128];
    char rule[33];
    unsigned uid;
    int slot;

    snprintf(text, sizeof(text), NAMES_SLOT_FORMAT, UINT32_MAX, LONGEST, 255u);
    assert_int_equal(sscanf(text, NAMES_SLOT_WORD, &uid, rule, &slot), 3);
    assert_int_equal(uid, UINT32_MAX);
    assert_string_equal(rule, LONGEST);
    assert_int_equal(slot, 255);
    assert_int_equal(sscanf("quota.tapgrant.1.x" LONGEST ".2", NAMES_SLOT_WORD, &uid, rule, &slot),
                     2);
}

static void the_name_of_a_slot_is_longer_than_any_device_name(void **state) {
    char text[128];

    assert_true(snprintf(text, sizeof(text), NAMES_SLOT_FORMAT, 0u, "r", 0u) >= 16);
    assert_true(snprintf(text, sizeof(text), NAMES_SLOT_FORMAT, UINT32_MAX, LONGEST, 255u) < 128);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(tags_stay_as_they_are_on_existing_hosts),
    cmocka_unit_test(a_label_is_read_back_from_its_tag),
    cmocka_unit_test(a_slot_is_read_back_from_its_name),
    cmocka_unit_test(the_name_of_a_slot_is_longer_than_any_device_name),
};

int main(void) {
    return cmocka_run_group_tests(tests, NULL, NULL);
}
