// SPDX-License-Identifier: LGPL-2.1-or-later
/* How the helper receives the bytes that a hostile caller has sent to descriptor 0. */
#include "helper/grant/grant.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static int ours, theirs; /* the two ends of the running case */

static int open_pair(void **state) {
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) return -1;
    ours = pair[0];
    theirs = pair[1];
    return 0;
}

static int close_pair(void **state) {
    close(ours);
    return close(theirs);
}

/* A request of COUNT interfaces with one queue and nothing else. */
static struct wire_request plain(uint32_t count) {
    struct wire_request request = {.magic = WIRE_MAGIC, .version = WIRE_VERSION, .count = count};

    for (uint32_t i = 0; i < count && i < WIRE_INTERFACES; i++) request.interface[i].queues = 1;
    return request;
}

/* What the helper answers to the first SIZE bytes of BYTES. */
static int receive_bytes(const void *bytes, size_t size) {
    struct wire_request received;

    memset(&received, 0, sizeof(received));
    assert_int_equal(send(ours, bytes, size, MSG_NOSIGNAL), size);
    return request_receive(theirs, &received);
}

static int receive(const struct wire_request *request) { return receive_bytes(request, sizeof(*request)); }

static void a_plain_request_is_received_as_it_was_sent(void **state) {
    struct wire_request request = plain(2), received = {0};

    request.interface[1] = (struct wire_interface){"u1000-vm1", "br0", {2}, {0xfe}, 1400, 3, 1};
    assert_int_equal(send(ours, &request, sizeof(request), 0), sizeof(request));
    assert_int_equal(request_receive(theirs, &received), 0);
    assert_memory_equal(&received, &request, sizeof(request));
}

static void the_helper_does_not_wait_for_a_request(void **state) {
    struct wire_request received;

    alarm(10);
    assert_int_equal(request_receive(theirs, &received), -EAGAIN);
    alarm(0);
}

static void a_hang_up_is_malformed(void **state) {
    struct wire_request received = plain(1); /* what the buffer had before is no request */

    assert_int_equal(shutdown(ours, SHUT_WR), 0);
    assert_int_equal(request_receive(theirs, &received), WIRE_MALFORMED);
}

static void a_request_of_another_size_is_malformed(void **state) {
    struct {
        struct wire_request request;
        char more[4096];
    } bytes = {.request = plain(1)};

    for (size_t size = 1; size < sizeof(bytes.request); size++)
        assert_int_equal(receive_bytes(&bytes, size), WIRE_MALFORMED);
    assert_int_equal(receive_bytes(&bytes, sizeof(bytes.request)), 0);
    assert_int_equal(receive_bytes(&bytes, sizeof(bytes.request) + 1), WIRE_MALFORMED);
    assert_int_equal(receive_bytes(&bytes, sizeof(bytes)), WIRE_MALFORMED);
}

static void an_empty_message_is_malformed(void **state) {
    struct wire_request received = plain(1);

    assert_int_equal(send(ours, "", 0, 0), 0);
    assert_int_equal(request_receive(theirs, &received), WIRE_MALFORMED);
}

static void another_magic_is_malformed(void **state) {
    struct wire_request request = plain(1);

    request.magic = __builtin_bswap32(WIRE_MAGIC);
    assert_int_equal(receive(&request), WIRE_MALFORMED);
    request.magic = 0;
    assert_int_equal(receive(&request), WIRE_MALFORMED);
    request.magic = WIRE_MAGIC + 1;
    request.version = WIRE_VERSION + 1;
    assert_int_equal(receive(&request), WIRE_MALFORMED);
}

static void another_version_is_reported_for_any_size(void **state) {
    struct {
        struct wire_request request;
        char more[64];
    } bytes = {.request = plain(1)};
    static const uint32_t versions[] = {0, WIRE_VERSION + 1, UINT32_MAX};

    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        bytes.request.version = versions[i];
        assert_int_equal(receive_bytes(&bytes, 8), WIRE_OTHER_VERSION);
        assert_int_equal(receive_bytes(&bytes, 100), WIRE_OTHER_VERSION);
        assert_int_equal(receive_bytes(&bytes, sizeof(bytes.request)), WIRE_OTHER_VERSION);
        assert_int_equal(receive_bytes(&bytes, sizeof(bytes)), WIRE_OTHER_VERSION);
    }
    bytes.request.version = WIRE_VERSION + 1;
    assert_int_equal(receive_bytes(&bytes, 7), WIRE_MALFORMED);
}

/*
 * Sends REQUEST with the write end of a pipe.  Afterwards nobody has that end: the read end returns
 * the end of the file.
 */
static int receive_with_descriptor(struct wire_request *request) {
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec bytes = {request, sizeof(*request)};
    struct msghdr message = {.msg_iov = &bytes, .msg_iovlen = 1};
    struct wire_request received;
    int ends[2], result;
    char byte;

    message.msg_control = control;
    message.msg_controllen = sizeof(control);
    *CMSG_FIRSTHDR(&message) = (struct cmsghdr){
        .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    assert_int_equal(pipe(ends), 0);
    memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), &ends[1], sizeof(int));
    assert_int_equal(sendmsg(ours, &message, 0), sizeof(*request));
    close(ends[1]);
    result = request_receive(theirs, &received);
    alarm(10);
    assert_int_equal(read(ends[0], &byte, 1), 0);
    alarm(0);
    close(ends[0]);
    return result;
}

static void a_descriptor_sent_along_is_malformed_and_not_kept(void **state) {
    struct wire_request request = plain(1);

    assert_int_equal(receive_with_descriptor(&request), WIRE_MALFORMED);
    request.version++;
    assert_int_equal(receive_with_descriptor(&request), WIRE_OTHER_VERSION);
}

static void credentials_sent_along_are_malformed(void **state) {
    struct wire_request request = plain(1);

    assert_int_equal(setsockopt(theirs, SOL_SOCKET, SO_PASSCRED, &(int){1}, sizeof(int)), 0);
    assert_int_equal(receive(&request), WIRE_MALFORMED);
}

static void a_request_has_1_to_64_interfaces(void **state) {
    static const struct {
        uint32_t count;
        int answer;
    } one[] = {{0, WIRE_MALFORMED}, {1, 0}, {63, 0}, {64, 0}, {65, WIRE_MALFORMED}, {UINT32_MAX, WIRE_MALFORMED}};

    for (size_t i = 0; i < sizeof(one) / sizeof(one[0]); i++) {
        struct wire_request request = plain(one[i].count);

        assert_int_equal(receive(&request), one[i].answer);
    }
}

static void all_queues_together_are_at_most_253(void **state) {
    struct wire_request request = plain(2);

    request.interface[0].queues = 252;
    assert_int_equal(receive(&request), 0);
    request.interface[0].queues = 253;
    assert_int_equal(receive(&request), WIRE_MALFORMED);
    request = plain(64);
    request.interface[0].queues = 190;
    assert_int_equal(receive(&request), 0);
    request.interface[63].queues = 2;
    assert_int_equal(receive(&request), WIRE_MALFORMED);
    for (int i = 0; i < WIRE_INTERFACES; i++) request.interface[i].queues = 253;
    assert_int_equal(receive(&request), WIRE_MALFORMED);
}

static void a_byte_in_an_unused_interface_is_malformed(void **state) {
    struct wire_request request = plain(2);
    char *bytes = (char *)&request;

    for (size_t i = offsetof(struct wire_request, interface[2]); i < sizeof(request); i++) {
        bytes[i] = 1;
        if (receive(&request) != WIRE_MALFORMED) fail_msg("byte %zu", i);
        bytes[i] = 0;
    }
    assert_int_equal(receive(&request), 0);
}

static void an_interface_without_queues_is_malformed(void **state) {
    struct wire_request request = plain(2);

    request.count = 3;
    assert_int_equal(receive(&request), WIRE_MALFORMED);
}

static void each_invalid_value_is_malformed_in_any_interface(void **state) {
    static const struct wire_interface invalid[] = {
        {.dev = "1vm", .queues = 1},
        {.dev = "a b", .queues = 1},
        {.dev = "a\nb", .queues = 1},
        {.dev = "../x", .queues = 1},
        {.dev = "vm%d", .queues = 1},
        {.dev = "all", .queues = 1},
        {.dev = "default", .queues = 1},
        {.dev = "none", .queues = 1},
        {.dev = "tg0", .queues = 1},
        {.dev = "a\0b", .queues = 1},
        {.dev = {'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p'}, .queues = 1},
        {.bridge = "br/0", .queues = 1},
        {.bridge = "br 0", .queues = 1},
        {.bridge = "br\x1b", .queues = 1},
        {.bridge = "br\xff", .queues = 1},
        {.bridge = "none", .queues = 1},
        {.bridge = "b\0r", .queues = 1},
        {.bridge = {'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p'}, .queues = 1},
        {.guest_mac = {1}, .queues = 1},
        {.guest_mac = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, .queues = 1},
        {.host_mac = {1}, .queues = 1},
        {.guest_mac = {2, 3}, .host_mac = {2, 3}, .queues = 1},
        {.mtu = 1, .queues = 1},
        {.mtu = 67, .queues = 1},
        {.mtu = 65522, .queues = 1},
        {.queues = 0},
        {.queues = 254},
        {.queues = 65535},
        {.queues = 1, .vnet_hdr = 2}};
    struct wire_request request;

    for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++)
        for (size_t where = 0; where < 3; where++) {
            request = plain(3);
            request.interface[where] = invalid[i];
            if (receive(&request) != WIRE_MALFORMED) fail_msg("value %zu in interface %zu", i, where);
        }
}

static void a_descriptor_that_is_no_socket_is_an_error(void **state) {
    struct wire_request received;
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    assert_int_equal(request_receive(ends[0], &received), -ENOTSOCK);
    close(ends[0]);
    close(ends[1]);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_pair, close_pair)
static const struct CMUnitTest tests[] = {
    CASE(a_plain_request_is_received_as_it_was_sent),
    CASE(the_helper_does_not_wait_for_a_request),
    CASE(a_hang_up_is_malformed),
    CASE(a_request_of_another_size_is_malformed),
    CASE(an_empty_message_is_malformed),
    CASE(another_magic_is_malformed),
    CASE(another_version_is_reported_for_any_size),
    CASE(a_descriptor_sent_along_is_malformed_and_not_kept),
    CASE(credentials_sent_along_are_malformed),
    CASE(a_request_has_1_to_64_interfaces),
    CASE(all_queues_together_are_at_most_253),
    CASE(a_byte_in_an_unused_interface_is_malformed),
    CASE(an_interface_without_queues_is_malformed),
    CASE(each_invalid_value_is_malformed_in_any_interface),
    CASE(a_descriptor_that_is_no_socket_is_an_error),
};

int main(void) { return cmocka_run_group_tests(tests, NULL, NULL); }
