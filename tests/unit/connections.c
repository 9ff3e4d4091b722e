// SPDX-License-Identifier: LGPL-2.1-or-later
/* The bounds of the service: who may wait, whose turn it is, and how fast. */
#include "helper/service/connections.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define ALICE 1000u
#define BOB 1001u

static struct connections *all;

static int make_table(void **state) {
    all = calloc(1, sizeof(*all));
    if (!all) {
        return -1;
    }
    connections_init(all, WAITING_MOST);
    return 0;
}

static int free_table(void **state) {
    free(all);
    return 0;
}

/* COUNT connections of UID that have a request; how many of them found a place. */
static unsigned come_ready(uint32_t uid, unsigned count, int64_t now) {
    unsigned admitted = 0;

    for (unsigned i = 0; i < count; i++) {
        int index = connections_admit(all, uid, 7, now);

        if (index >= 0) {
            connections_make_ready(all, (unsigned)index, now);
            admitted++;
        }
    }
    return admitted;
}

static uint32_t uid_of(int index) {
    return all->user[all->connection[index].user].uid;
}

/* Serves whose turn it is.  Its uid; 0: nobody's. */
static uint32_t serve_next(int64_t now) {
    int index = connections_next(all, now);
    uint32_t uid;

    if (index < 0) {
        return 0;
    }
    uid = uid_of(index);
    connections_begin(all, (unsigned)index, now);
    return uid;
}

static void one_uid_has_256_places(void **state) {
    assert_int_equal(come_ready(ALICE, 300, 0), WAITING_OF_ONE);
    assert_int_equal(come_ready(BOB, 1, 0), 1);
}

static void the_last_places_are_for_uids_that_have_none(void **state) {
    unsigned admitted = 0;

    for (uint32_t uid = 1; uid <= 10; uid++) {
        admitted += come_ready(uid, WAITING_OF_ONE, 0);
    }
    assert_int_equal(admitted, WAITING_MOST - WAITING_RESERVED + 3);
    for (uint32_t uid = 100; all->waiting < WAITING_MOST; uid++) {
        assert_int_equal(come_ready(uid, 2, 0), 1);
    }
    assert_int_equal(connections_admit(all, 9999, 7, 0), -EBUSY);
}

static void uids_take_turns(void **state) {
    come_ready(ALICE, 20, 0);
    come_ready(BOB, 2, 0);
    assert_int_equal(serve_next(0), BOB);
    assert_int_equal(serve_next(0), ALICE);
    assert_int_equal(serve_next(0), BOB);
    assert_int_equal(serve_next(0), ALICE);
    assert_int_equal(serve_next(0), ALICE);
}

static void one_uid_is_served_8_at_a_time(void **state) {
    come_ready(ALICE, 20, 0);
    for (unsigned i = 0; i < SERVED_OF_ONE; i++) {
        assert_int_equal(serve_next(0), ALICE);
    }
    assert_int_equal(serve_next(0), 0);
    connections_end(all, 0);
    assert_int_equal(serve_next(0), ALICE);
}

static void all_are_served_64_at_a_time(void **state) {
    for (uint32_t uid = 1; uid <= 100; uid++) {
        come_ready(uid, 1, 0);
    }
    for (unsigned i = 0; i < SERVED_MOST; i++) {
        assert_int_not_equal(serve_next(0), 0);
    }
    assert_int_equal(serve_next(0), 0);
}

static void the_last_served_places_are_for_uids_that_have_none(void **state) {
    for (uint32_t uid = 1; uid <= 8; uid++) {
        come_ready(uid, SERVED_OF_ONE, 0);
    }
    for (unsigned i = 0; i < SERVED_MOST - SERVED_RESERVED; i++) {
        assert_int_not_equal(serve_next(0), 0);
    }
    assert_int_equal(serve_next(0), 0);
    come_ready(ALICE, 2, 0);
    assert_int_equal(serve_next(0), ALICE);
    assert_int_equal(serve_next(0), 0);
}

/* How many requests of one uid start at that time, each ending at once. */
static unsigned starts(int64_t now) {
    unsigned count = 0;

    come_ready(ALICE, WAITING_OF_ONE, now);
    while (serve_next(now)) {
        connections_end(all, 0);
        come_ready(ALICE, 1, now);
        count++;
    }
    return count;
}

static void one_uid_starts_256_and_then_50_a_second(void **state) {
    assert_int_equal(starts(0), STARTS_AT_ONCE);
    assert_int_equal(starts(1000), STARTS_A_SECOND);
    assert_int_equal(starts(1020), 1);
    assert_int_equal(starts(100000), STARTS_AT_ONCE);
}

static void a_silent_connection_is_overdue_and_so_is_one_that_waits_for_long(void **state) {
    int silent = connections_admit(all, ALICE, 7, 0);

    assert_int_equal(connections_overdue(all, SILENT_MOST), -1);
    assert_int_equal(connections_overdue(all, SILENT_MOST + 1), silent);
    connections_make_ready(all, (unsigned)silent, SILENT_MOST);
    assert_int_equal(connections_overdue(all, SILENT_MOST + READY_MOST), -1);
    assert_int_equal(connections_overdue(all, SILENT_MOST + READY_MOST + 1), silent);
}

static void a_uid_that_is_to_wait_is_overdue_at_once_and_gets_no_place(void **state) {
    come_ready(ALICE, 3, 0);
    come_ready(BOB, 1, 0);
    all->user[0].busy_until = 100;
    for (int i = 0; i < 3; i++) {
        int index = connections_overdue(all, 50);

        assert_true(index >= 0);
        assert_int_equal(uid_of(index), ALICE);
        connections_drop(all, (unsigned)index);
    }
    assert_int_equal(connections_overdue(all, 50), -1);
    assert_int_equal(connections_admit(all, ALICE, 7, 99), -EBUSY);
    assert_true(connections_admit(all, ALICE, 7, 100) >= 0);
}

static void the_connections_of_a_uid_follow_each_other(void **state) {
    int first = connections_admit(all, ALICE, 7, 0);
    int second = connections_admit(all, ALICE, 7, 0);

    connections_make_ready(all, (unsigned)second, 1);
    connections_make_ready(all, (unsigned)first, 2);
    assert_int_equal(connections_next(all, 3), second);
    connections_begin(all, (unsigned)second, 3);
    assert_int_equal(connections_next(all, 3), first);
    connections_begin(all, (unsigned)first, 3);
    assert_int_equal(connections_next(all, 3), -1);
    assert_int_equal(all->waiting, 0);
}

/* Many more uids than there are entries; one that is served and one that is to wait are kept. */
static void an_entry_is_forgotten_only_where_nothing_depends_on_it(void **state) {
    come_ready(ALICE, 1, 0);
    serve_next(0);
    come_ready(BOB, 1, 0);
    serve_next(0);
    connections_end(all, 1);
    all->user[1].busy_until = 1000000;
    for (uint32_t uid = 5000; uid < 5000 + 3 * USERS_MOST; uid++) {
        int index = connections_admit(all, uid, 7, 1);

        assert_true(index >= 0);
        connections_drop(all, (unsigned)index);
    }
    assert_int_equal(all->user[0].uid, ALICE);
    assert_int_equal(all->user[0].served, 1);
    assert_int_equal(connections_admit(all, BOB, 7, 2), -EBUSY);
}

static void lines_are_bounded_and_those_that_were_lost_are_counted(void **state) {
    unsigned lost = 99;
    unsigned user = all->connection[connections_admit(all, ALICE, 7, 0)].user;

    for (unsigned i = 0; i < LINES_AT_ONCE; i++) {
        assert_true(connections_may_log(all, user, 0, &lost));
        assert_int_equal(lost, 0);
    }
    assert_false(connections_may_log(all, user, 0, &lost));
    assert_false(connections_may_log(all, user, 1, &lost));
    assert_true(connections_may_log(all, user, 1000, &lost));
    assert_int_equal(lost, 2);
    assert_true(connections_may_log(all, user, 1000, &lost));
    assert_int_equal(lost, 0);
}

static void fewer_files_are_fewer_places(void **state) {
    connections_init(all, 128);
    assert_int_equal(come_ready(ALICE, 300, 0), 128 - 128 * WAITING_RESERVED / WAITING_MOST);
    assert_int_equal(come_ready(BOB, 300, 0), 1);
}

/* A case with a table of its own. */
#define CASE(name) cmocka_unit_test_setup_teardown(name, make_table, free_table)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(one_uid_has_256_places),
        CASE(the_last_places_are_for_uids_that_have_none),
        CASE(uids_take_turns),
        CASE(one_uid_is_served_8_at_a_time),
        CASE(all_are_served_64_at_a_time),
        CASE(the_last_served_places_are_for_uids_that_have_none),
        CASE(one_uid_starts_256_and_then_50_a_second),
        CASE(a_silent_connection_is_overdue_and_so_is_one_that_waits_for_long),
        CASE(a_uid_that_is_to_wait_is_overdue_at_once_and_gets_no_place),
        CASE(the_connections_of_a_uid_follow_each_other),
        CASE(an_entry_is_forgotten_only_where_nothing_depends_on_it),
        CASE(lines_are_bounded_and_those_that_were_lost_are_counted),
        CASE(fewer_files_are_fewer_places),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
