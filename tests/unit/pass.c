// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a process of the service takes from another one: a message of one size, and one descriptor. */
#include "helper/service/messages.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static int pair[2];

static int open_pair(void **state) {
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair);
}

static int close_pair(void **state) {
    close(pair[0]);
    return close(pair[1]);
}

static int receive(int *descriptor) {
    uint32_t number;

    return pass_receive(pair[1], &number, sizeof(number), descriptor, MSG_DONTWAIT);
}

static void send_bytes(size_t size) {
    const char bytes[16] = {0};

    assert_int_equal(pass_send(pair[0], bytes, size, -1, 0), 0);
}

/* COUNT descriptors with a message of the right size. */
static void send_descriptors(unsigned count) {
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * 253)] = {0};
    uint32_t number = 7;
    struct iovec bytes = {&number, sizeof(number)};
    struct msghdr message = {.msg_iov = &bytes, .msg_iovlen = 1, .msg_control = control};
    struct cmsghdr *header = (void *)control;

    message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
    header->cmsg_len = CMSG_LEN(sizeof(int) * count);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    for (unsigned i = 0; i < count; i++) {
        memcpy(CMSG_DATA(header) + i * sizeof(int), &pair[0], sizeof(int));
    }
    assert_true(sendmsg(pair[0], &message, 0) > 0);
}

static int lowest_free(void) {
    int free_one = dup(pair[0]);

    close(free_one);
    return free_one;
}

static void a_message_of_another_size_is_refused(void **state) {
    for (size_t size = 1; size < 16; size++) {
        send_bytes(size);
        assert_int_equal(receive(NULL), size == sizeof(uint32_t) ? 0 : -EBADMSG);
    }
}

static void nothing_is_waited_for_and_the_end_is_told(void **state) {
    assert_int_equal(receive(NULL), -EAGAIN);
    shutdown(pair[0], SHUT_RDWR);
    assert_int_equal(receive(NULL), -ESHUTDOWN);
}

static void one_descriptor_is_taken(void **state) {
    int descriptor = -1;

    send_descriptors(1);
    assert_int_equal(receive(&descriptor), 0);
    assert_true(descriptor > 2);
    close(descriptor);
    send_bytes(sizeof(uint32_t));
    assert_int_equal(receive(&descriptor), 0);
    assert_int_equal(descriptor, -1);
}

static void descriptors_that_nobody_wants_are_closed_and_refused(void **state) {
    const unsigned counts[] = {1, 2, 3, 253};
    int before = lowest_free();

    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        send_descriptors(counts[i]);
        assert_int_equal(receive(NULL), -EBADMSG);
        assert_int_equal(lowest_free(), before);
    }
}

static void more_descriptors_than_one_are_refused(void **state) {
    const unsigned counts[] = {2, 3, 253};
    int before = lowest_free();

    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        int descriptor;

        send_descriptors(counts[i]);
        assert_int_equal(receive(&descriptor), -EBADMSG);
        close(descriptor); /* the first one is taken, and no other */
        assert_int_equal(lowest_free(), before);
    }
}

/* A case with a pair of its own. */
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_pair, close_pair)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(a_message_of_another_size_is_refused),
        CASE(nothing_is_waited_for_and_the_end_is_told),
        CASE(one_descriptor_is_taken),
        CASE(descriptors_that_nobody_wants_are_closed_and_refused),
        CASE(more_descriptors_than_one_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
