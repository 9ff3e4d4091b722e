// SPDX-License-Identifier: LGPL-2.1-or-later
/* Each reason to refuse a trusted file has its own words. */
#include "conf/file/file.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void a_condition_that_does_not_hold_is_named(void **state) {
    assert_string_equal(file_reason(-EPERM),
                        "is not owned by root, or others can write it or its folder");
    assert_string_equal(file_reason(-EINVAL), "it is no regular file");
    assert_string_equal(file_reason(-ELOOP), "it is a symbolic link");
}

static void any_other_error_has_the_words_of_libc(void **state) {
    assert_string_equal(file_reason(-ENOENT), strerror(ENOENT));
    assert_string_equal(file_reason(-EFBIG), strerror(EFBIG));
    assert_string_equal(file_reason(-EIO), strerror(EIO));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_condition_that_does_not_hold_is_named),
    cmocka_unit_test(any_other_error_has_the_words_of_libc),
};

int main(void) {
    return cmocka_run_group_tests(tests, NULL, NULL);
}
