// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A file that only root can write, in a folder that only root can write.  Only root can make files
 * of another user, and folders of root's that others can write.  For everybody else those cases are
 * left out, and the output says so.
 */
#include "conf/file/file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define OTHER 12345 /* a user and a group, not root */
#define LIMIT 4096
#define LARGE (16u << 20) /* bytes: the most that a policy may have */

static char folder[64]; /* root owns it; 0755 */
static char *text;      /* what was read; NULL: nothing */
static size_t size;

static int erase(const char *path, const struct stat *stat, int kind, struct FTW *where) { return remove(path); }

static int make_folder(void **state) {
    snprintf(folder, sizeof(folder), "/tmp/tapgrant-unit-XXXXXX");
    return !mkdtemp(folder) || chmod(folder, 0755);
}

static int forget(void **state) {
    free(text);
    text = NULL;
    return 0;
}

static int remove_folder(void **state) {
    forget(state);
    return nftw(folder, erase, 8, FTW_DEPTH | FTW_PHYS);
}

static const char *path_of(const char *name) {
    static char path[128];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const void *bytes, size_t length, mode_t mode) {
    int file = open(path_of(name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    assert_true(file >= 0);
    assert_int_equal(write(file, bytes, length), length);
    assert_int_equal(fchmod(file, mode), 0);
    close(file);
}

static int read_from(const char *path, const char *name, size_t limit) {
    int error;

    forget(NULL);
    error = file_read_trusted(path, name, limit, &text, &size);
    if (error) text = NULL;
    return error;
}

static int read_file(const char *name) { return read_from(folder, name, LIMIT); }

static void a_file_that_root_owns_is_read_whole(void **state) {
    write_file("policy.conf", "one\0two\n", 8, 0644);
    assert_int_equal(read_file("policy.conf"), 0);
    assert_int_equal(size, 8);
    assert_memory_equal(text, "one\0two\n\0", 9);
}

static void an_empty_file_is_read(void **state) {
    write_file("policy.conf", "", 0, 0600);
    assert_int_equal(read_file("policy.conf"), 0);
    assert_int_equal(size, 0);
    assert_string_equal(text, "");
}

static void a_file_of_another_user_is_refused(void **state) {
    write_file("policy.conf", "x\n", 2, 0644);
    assert_int_equal(chown(path_of("policy.conf"), OTHER, 0), 0);
    assert_int_equal(read_file("policy.conf"), -EPERM);
}

static void a_file_that_others_can_write_is_refused(void **state) {
    write_file("group", "x\n", 2, 0664);
    write_file("others", "x\n", 2, 0646);
    write_file("write-only", "x\n", 2, 0602);
    assert_int_equal(read_file("group"), -EPERM);
    assert_int_equal(read_file("others"), -EPERM);
    assert_int_equal(read_file("write-only"), -EPERM);
}

static void a_file_that_a_group_can_read_is_read(void **state) {
    write_file("policy.conf", "x\n", 2, 0640);
    assert_int_equal(chown(path_of("policy.conf"), 0, OTHER), 0);
    assert_int_equal(read_file("policy.conf"), 0);
}

static void a_folder_of_another_user_is_refused(void **state) {
    write_file("policy.conf", "x\n", 2, 0644);
    assert_int_equal(chown(folder, OTHER, 0), 0);
    assert_int_equal(read_file("policy.conf"), -EPERM);
}

static void a_folder_that_others_can_write_is_refused(void **state) {
    static const mode_t modes[] = {0775, 0757, 01777};

    write_file("policy.conf", "x\n", 2, 0644);
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        assert_int_equal(chmod(folder, modes[i]), 0);
        assert_int_equal(read_file("policy.conf"), -EPERM);
    }
}

static void a_link_to_a_folder_does_not_hide_who_can_write_it(void **state) {
    assert_int_equal(mkdir(path_of("open"), 0755), 0);
    assert_int_equal(chmod(path_of("open"), 0777), 0);
    write_file("open/policy.conf", "x\n", 2, 0644);
    assert_int_equal(symlink("open", path_of("link")), 0);
    assert_int_equal(read_from(path_of("link"), "policy.conf", LIMIT), -EPERM);
}

static void a_symbolic_link_is_refused_even_to_a_good_file(void **state) {
    write_file("good", "x\n", 2, 0644);
    assert_int_equal(symlink("good", path_of("policy.conf")), 0);
    assert_int_equal(read_file("good"), 0);
    assert_int_equal(read_file("policy.conf"), -ELOOP);
}

/* read(2) of a folder fails.  inih would take that for the end of an empty policy. */
static void a_folder_is_refused_not_an_empty_policy(void **state) {
    assert_int_equal(mkdir(path_of("policy.conf"), 0755), 0);
    assert_int_equal(read_file("policy.conf"), -EINVAL);
}

static void a_fifo_is_refused_not_waited_for(void **state) {
    assert_int_equal(mkfifo(path_of("policy.conf"), 0644), 0);
    alarm(10);
    assert_int_equal(read_file("policy.conf"), -EINVAL);
    alarm(0);
}

static void a_missing_file_is_not_an_empty_one(void **state) {
    assert_int_equal(read_file("policy.conf"), -ENOENT);
}

static void a_file_over_the_limit_is_refused_not_cut(void **state) {
    static const char bytes[LIMIT + 1];

    write_file("full", bytes, LIMIT, 0644);
    write_file("over", bytes, LIMIT + 1, 0644);
    write_file("sparse", "", 0, 0644);
    assert_int_equal(truncate(path_of("sparse"), 1 << 30), 0);
    assert_int_equal(read_file("over"), -EFBIG);
    assert_int_equal(read_file("sparse"), -EFBIG);
    assert_int_equal(read_file("full"), 0);
    assert_int_equal(size, LIMIT);
}

static void a_read_error_is_not_the_end_of_the_file(void **state) {
    assert_int_equal(read_from("/proc/self", "mem", LIMIT), -EIO);
}

/* A file of procfs has the size 0, and more bytes when it is read. */
static void a_file_that_is_longer_than_its_size_is_refused(void **state) {
    assert_int_equal(read_from("/proc", "version", LIMIT), -EIO);
}

/* An attribute of sysfs has the size of a page, and fewer bytes when it is read. */
static void a_file_that_is_shorter_than_its_size_is_refused(void **state) {
    if (access("/sys/kernel/uevent_seqnum", R_OK)) print_message("# left out, needs /sys: %s\n", __func__);
    else assert_int_equal(read_from("/sys/kernel", "uevent_seqnum", 65536), -EIO);
}

static void a_device_is_refused(void **state) {
    assert_int_equal(read_from("/dev", "null", LIMIT), -EINVAL);
}

static void a_missing_folder_is_reported(void **state) {
    assert_int_equal(read_from("/nonexistent-folder", "x", LIMIT), -ENOENT);
}

static void a_file_in_the_place_of_the_folder_is_refused(void **state) {
    assert_int_equal(read_from("/etc/passwd", "x", LIMIT), -ENOTDIR);
}

static void the_hosts_passwd_is_read_if_it_is_within_the_limit(void **state) {
    assert_int_equal(read_from("/etc", "passwd", 1), -EFBIG);
    assert_int_equal(read_from("/etc", "passwd", LARGE), 0);
    assert_int_equal(strlen(text), size);
    assert_non_null(strstr(text, "root:"));
}

static void no_file_is_opened_in_a_folder_that_all_can_write(void **state) {
    assert_int_equal(read_from("/tmp", "no-such-file", LIMIT), -EPERM);
}

static int lowest_free(void) {
    int file = open("/dev/null", O_RDONLY | O_CLOEXEC);

    assert_true(file >= 0);
    close(file);
    return file;
}

static void no_descriptor_is_left_open(void **state) {
    int before = lowest_free();

    assert_int_equal(read_from("/etc", "passwd", LARGE), 0);
    assert_int_equal(lowest_free(), before);
    assert_int_equal(read_from("/dev", "null", LIMIT), -EINVAL);
    assert_int_equal(lowest_free(), before);
    assert_int_equal(read_from("/etc", "no-such-file", LIMIT), -ENOENT);
    assert_int_equal(lowest_free(), before);
    assert_int_equal(read_from("/tmp", "x", LIMIT), -EPERM);
    assert_int_equal(lowest_free(), before);
}

static void a_file_is_read_by_descriptor_0_too(void **state) {
    int saved = dup(0), error;

    close(0);
    error = read_from("/etc", "passwd", LARGE);
    assert_int_equal(lowest_free(), 0);
    if (saved >= 0) assert_int_equal(dup2(saved, 0), 0);
    if (saved >= 0) close(saved);
    assert_int_equal(error, 0);
}

#define AS_ANYBODY(name) cmocka_unit_test_teardown(name, forget)
#define AS_ROOT(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
static const struct CMUnitTest tests[] = {
    AS_ANYBODY(a_file_that_is_longer_than_its_size_is_refused),
    AS_ANYBODY(a_file_that_is_shorter_than_its_size_is_refused),
    AS_ANYBODY(a_device_is_refused),
    AS_ANYBODY(a_missing_folder_is_reported),
    AS_ANYBODY(a_file_in_the_place_of_the_folder_is_refused),
    AS_ANYBODY(the_hosts_passwd_is_read_if_it_is_within_the_limit),
    AS_ANYBODY(no_file_is_opened_in_a_folder_that_all_can_write),
    AS_ANYBODY(no_descriptor_is_left_open),
    AS_ANYBODY(a_file_is_read_by_descriptor_0_too),
    /* the next ones are for root only */
    AS_ROOT(a_file_that_root_owns_is_read_whole),
    AS_ROOT(an_empty_file_is_read),
    AS_ROOT(a_file_of_another_user_is_refused),
    AS_ROOT(a_file_that_others_can_write_is_refused),
    AS_ROOT(a_file_that_a_group_can_read_is_read),
    AS_ROOT(a_folder_of_another_user_is_refused),
    AS_ROOT(a_folder_that_others_can_write_is_refused),
    AS_ROOT(a_link_to_a_folder_does_not_hide_who_can_write_it),
    AS_ROOT(a_symbolic_link_is_refused_even_to_a_good_file),
    AS_ROOT(a_folder_is_refused_not_an_empty_policy),
    AS_ROOT(a_fifo_is_refused_not_waited_for),
    AS_ROOT(a_missing_file_is_not_an_empty_one),
    AS_ROOT(a_file_over_the_limit_is_refused_not_cut),
    AS_ROOT(a_read_error_is_not_the_end_of_the_file),
};

int main(void) {
    const size_t all = sizeof(tests) / sizeof(tests[0]);
    size_t count = 0;

    while (count < all && (!geteuid() || tests[count].setup_func != make_folder)) count++;
    for (size_t i = count; i < all; i++) print_message("# left out, needs root: %s\n", tests[i].name);
    return _cmocka_run_group_tests("trusted", tests, count, NULL, NULL);
}
