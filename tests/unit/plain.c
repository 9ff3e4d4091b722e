// SPDX-License-Identifier: LGPL-2.1-or-later
/* A file that the user names is read to its end, whatever its kind, and never in part. */
#include "conf/file/file.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define LIMIT 4096

static char path[64];
static char *text; /* what was read; NULL: nothing */
static size_t size;

static void write_file(const void *bytes, size_t length) {
    int file = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

    assert_true(file >= 0);
    assert_int_equal(write(file, bytes, length), length);
    close(file);
}

static int make_file(void **state) {
    int file;

    snprintf(path, sizeof(path), "/tmp/tapgrant-unit-XXXXXX");
    file = mkstemp(path);
    return file < 0 || close(file);
}

static int remove_file(void **state) {
    free(text);
    text = NULL;
    return unlink(path);
}

static int read_file(const char *name) {
    free(text);
    return file_read_plain(name, LIMIT, &text, &size);
}

static void a_file_is_read_whole_with_a_nul_behind_it(void **state) {
    write_file("one\0two\n", 8);
    assert_int_equal(read_file(path), 0);
    assert_int_equal(size, 8);
    assert_memory_equal(text, "one\0two\n\0", 9);
}

static void an_empty_file_is_read(void **state) {
    assert_int_equal(read_file(path), 0);
    assert_int_equal(size, 0);
    assert_string_equal(text, "");
}

static void a_file_over_the_limit_is_refused_not_cut(void **state) {
    static const char bytes[LIMIT + 1];

    write_file(bytes, LIMIT);
    assert_int_equal(read_file(path), 0);
    assert_int_equal(size, LIMIT);
    write_file(bytes, LIMIT + 1);
    assert_int_equal(read_file(path), -EFBIG);
    assert_null(text);
}

static void a_file_without_a_size_is_read_to_its_end(void **state) {
    assert_int_equal(read_file("/proc/self/status"), 0);
    assert_int_equal(strncmp(text, "Name:", 5), 0);
    assert_int_equal(strlen(text), size);
}

static void a_file_that_cannot_be_read_gives_the_reason(void **state) {
    assert_int_equal(read_file("/nonexistent-folder/x"), -ENOENT);
    assert_null(text);
    assert_int_equal(read_file("/proc/self"), -EISDIR);
    assert_null(text);
}

/* The writer pauses: so the first read(2) of the pipe returns only a part. */
static void input_that_comes_in_pieces_is_read_whole(void **state) {
    int ends[2];
    int saved = dup(0);
    int error;
    pid_t writer;

    assert_int_equal(pipe(ends), 0);
    writer = fork();
    if (!writer) {
        (void)!write(ends[1], "one ", 4);
        usleep(20000);
        (void)!write(ends[1], "two\n", 4);
        _exit(0);
    }
    close(ends[1]);
    dup2(ends[0], 0);
    close(ends[0]);
    free(text);
    error = file_read_input(LIMIT, &text, &size);
    if (saved >= 0) {
        dup2(saved, 0);
        close(saved);
    }
    assert_int_equal(waitpid(writer, NULL, 0), writer);
    assert_int_equal(error, 0);
    assert_int_equal(size, 8);
    assert_string_equal(text, "one two\n");
}

static void no_descriptor_is_left_open(void **state) {
    int before = dup(0);

    close(before);
    assert_int_equal(read_file(path), 0);
    assert_int_equal(read_file("/proc/self"), -EISDIR);
    assert_int_equal(dup(0), before);
    close(before);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make_file, remove_file)
static const struct CMUnitTest tests[] = {
    CASE(a_file_is_read_whole_with_a_nul_behind_it),
    CASE(an_empty_file_is_read),
    CASE(a_file_over_the_limit_is_refused_not_cut),
    CASE(a_file_without_a_size_is_read_to_its_end),
    CASE(a_file_that_cannot_be_read_gives_the_reason),
    CASE(input_that_comes_in_pieces_is_read_whole),
    CASE(no_descriptor_is_left_open),
};

int main(void) {
    return cmocka_run_group_tests(tests, NULL, NULL);
}
