// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which files of a folder are definitions, and who may own the folder. */
#include "conf/definitions/definitions.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define OTHER 12345 /* a user, not root */

static char path[64]; /* root owns it; 0755 */
static struct definitions_folder folder;

static int erase(const char *name, const struct stat *stat, int kind, struct FTW *where) {
    return remove(name);
}

static int make_folder(void **state) {
    snprintf(path, sizeof(path), "/tmp/tapgrant-unit-XXXXXX");
    return !mkdtemp(path) || chmod(path, 0755);
}

static int remove_folder(void **state) {
    definitions_folder_free(&folder);
    return nftw(path, erase, 8, FTW_DEPTH | FTW_PHYS);
}

static void touch(const char *name) {
    char file[128];
    int descriptor;

    snprintf(file, sizeof(file), "%s/%s", path, name);
    descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    assert_true(descriptor >= 0);
    close(descriptor);
}

static void files_are_listed_in_the_order_of_their_bytes(void **state) {
    static const char *const names[] = {"10-a.conf", "9.conf", "B.conf", "_.conf", "a.conf"};

    for (int i = 4; i >= 0; i--) {
        touch(names[i]);
    }
    assert_int_equal(definitions_folder_list(path, &folder), 0);
    assert_int_equal(folder.count, 5);
    for (int i = 0; i < 5; i++) {
        assert_string_equal(folder.file[i]->d_name, names[i]);
    }
}

static void other_files_are_left_out(void **state) {
    touch(".hidden.conf");
    touch(".conf");
    touch("a.conf~");
    touch("a.conf.dpkg-new");
    touch("README");
    touch("conf");
    assert_int_equal(definitions_folder_list(path, &folder), 0);
    assert_int_equal(folder.count, 0);
}

static void a_missing_folder_is_not_an_empty_one(void **state) {
    assert_int_equal(definitions_folder_list("/nonexistent-folder", &folder), -ENOENT);
    assert_int_equal(definitions_folder_list("/etc/passwd", &folder), -ENOTDIR);
    assert_int_equal(folder.count, 0);
}

static void a_folder_that_others_can_write_is_refused(void **state) {
    static const mode_t modes[] = {0775, 0757, 01777};

    touch("a.conf");
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        assert_int_equal(chmod(path, modes[i]), 0);
        assert_int_equal(definitions_folder_list(path, &folder), -EPERM);
        assert_int_equal(folder.count, 0);
    }
}

static void a_folder_of_another_user_is_refused(void **state) {
    touch("a.conf");
    assert_int_equal(chown(path, OTHER, 0), 0);
    assert_int_equal(definitions_folder_list(path, &folder), -EPERM);
}

#define AS_ROOT(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_missing_folder_is_not_an_empty_one),
    /* only for root: nobody else can make files that root owns */
    AS_ROOT(files_are_listed_in_the_order_of_their_bytes),
    AS_ROOT(other_files_are_left_out),
    AS_ROOT(a_folder_that_others_can_write_is_refused),
    AS_ROOT(a_folder_of_another_user_is_refused),
};

int main(void) {
    const size_t all = sizeof(tests) / sizeof(tests[0]);
    size_t count = geteuid() ? 1 : all;

    for (size_t i = count; i < all; i++) {
        print_message("# left out, needs root: %s\n", tests[i].name);
    }
    return _cmocka_run_group_tests("folder", tests, count, NULL, NULL);
}
