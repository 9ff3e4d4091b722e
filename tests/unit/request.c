// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the helper does with the bytes that a hostile caller lets wait on descriptor 0. */
#include "helper/grant/grant.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static int ours, theirs; /* the two ends, of the case that runs */

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

/* COUNT interfaces of one queue, of which nothing else is asked. */
static struct wire_request plain(uint32_t count) {
    struct wire_request request = {.magic = WIRE_MAGIC,
                                   .version = WIRE_VERSION,
                                   .request_size = WIRE_REQUEST_HEADER,
                                   .interface_size = sizeof(struct wire_interface),
                                   .count = count,
                                   .reply_size = WIRE_REPLY_HEADER,
                                   .device_size = sizeof(struct wire_device)};

    for (uint32_t i = 0; i < count && i < WIRE_INTERFACES; i++) request.interface[i].queues = 1;
    return request;
}

/* The helper's answer to SIZE of BYTES. */
static int receive_bytes(const void *bytes, size_t size) {
    struct wire_request received;

    memset(&received, 0, sizeof(received));
    assert_int_equal(send(ours, bytes, size, MSG_NOSIGNAL), size);
    return request_receive(theirs, &received);
}

/* Up to the last interface that there can be. */
static size_t size_of(const struct wire_request *request) {
    uint32_t count = request->count < WIRE_INTERFACES ? request->count : WIRE_INTERFACES;

    return WIRE_REQUEST_HEADER + count * sizeof(request->interface[0]);
}

static int receive(const struct wire_request *request) { return receive_bytes(request, size_of(request)); }

static void a_plain_request_is_received_as_it_was_sent(void **state) {
    struct wire_request request = plain(2), received = {0};

    request.interface[1] = (struct wire_interface){"u1000-vm1", "br0", {2}, {0xfe}, 1400, 3, 1, WIRE_NETNS_HOST};
    memset(&received, 0xff, sizeof(received));
    assert_int_equal(send(ours, &request, size_of(&request), 0), size_of(&request));
    assert_int_equal(request_receive(theirs, &received), 0);
    assert_memory_equal(&received, &request, sizeof(request));
}

static void a_request_that_does_not_wait_is_not_waited_for(void **state) {
    struct wire_request received;

    alarm(10);
    assert_int_equal(request_receive(theirs, &received), -EAGAIN);
    alarm(0);
}

static void a_caller_that_hung_up_sent_nothing(void **state) {
    struct wire_request received = plain(1); /* what was there before is no request */

    assert_int_equal(shutdown(ours, SHUT_WR), 0);
    assert_int_equal(request_receive(theirs, &received), WIRE_MALFORMED);
}

static void a_message_of_another_size_than_it_tells_is_malformed(void **state) {
    struct {
        struct wire_request request;
        char more[WIRE_MESSAGE_MOST];
    } bytes = {.request = plain(2)};
    size_t whole = size_of(&bytes.request);

    for (size_t size = 1; size < whole; size++)
        assert_int_equal(receive_bytes(&bytes, size), WIRE_MALFORMED);
    assert_int_equal(receive_bytes(&bytes, whole), 0);
    assert_int_equal(receive_bytes(&bytes, whole + 1), WIRE_MALFORMED);
    assert_int_equal(receive_bytes(&bytes, sizeof(bytes.request)), WIRE_MALFORMED);
    assert_int_equal(receive_bytes(&bytes, WIRE_MESSAGE_MOST), WIRE_MALFORMED);
    assert_int_equal(receive_bytes(&bytes, sizeof(bytes)), WIRE_MALFORMED);
}

/* A message of an asker whose structures have other sizes, put together part by part. */
struct asker {
    uint8_t bytes[WIRE_MESSAGE_MOST + 1];
    size_t size;
};

static void add(struct asker *asker, const void *part, size_t has, size_t wants) {
    memset(asker->bytes + asker->size, 0, wants);
    memcpy(asker->bytes + asker->size, part, has < wants ? has : wants);
    asker->size += wants;
}

static struct asker ask(struct wire_request *request, size_t header, size_t each) {
    struct asker asker = {.size = 0};

    request->request_size = (uint32_t)header;
    request->interface_size = (uint32_t)each;
    add(&asker, request, WIRE_REQUEST_HEADER, header);
    for (uint32_t i = 0; i < request->count; i++) {
        add(&asker, &request->interface[i], sizeof(request->interface[i]), each);
    }
    return asker;
}

static void a_shorter_request_reads_as_zeros_for_what_it_lacks(void **state) {
    struct wire_request request = plain(2), received;
    struct asker asker;

    request.interface[0].vnet_hdr = 1;
    request.interface[1] = (struct wire_interface){"u1000-vm1", "br0", {2}, {0xfe}, 1400, 3, 1, WIRE_NETNS_HOST};
    asker = ask(&request, WIRE_REQUEST_LEAST, offsetof(struct wire_interface, vnet_hdr));
    memset(&received, 0xff, sizeof(received));
    assert_int_equal(send(ours, asker.bytes, asker.size, 0), asker.size);
    assert_int_equal(request_receive(theirs, &received), 0);
    request.reply_size = 0;
    request.device_size = 0;
    request.interface[0].vnet_hdr = 0;
    request.interface[1].vnet_hdr = 0;
    request.interface[1].netns = 0;
    assert_memory_equal(&received, &request, sizeof(request));
}

static void an_interface_without_its_queues_is_malformed(void **state) {
    struct wire_request request = plain(2);

    for (size_t each = 0; each < offsetof(struct wire_interface, queues); each++) {
        struct asker asker = ask(&request, WIRE_REQUEST_HEADER, each);

        assert_int_equal(receive_bytes(asker.bytes, asker.size), WIRE_MALFORMED);
    }
}

static void a_longer_request_whose_rest_is_zeros_is_received(void **state) {
    static const struct {
        size_t header;
        size_t each;
    } longer[] = {{WIRE_REQUEST_HEADER + 1, sizeof(struct wire_interface)},
                  {WIRE_REQUEST_HEADER, sizeof(struct wire_interface) + 1},
                  {WIRE_REQUEST_HEADER + 8, sizeof(struct wire_interface) + 12},
                  {WIRE_PART_MOST, WIRE_PART_MOST}};

    for (size_t i = 0; i < sizeof(longer) / sizeof(longer[0]); i++) {
        struct wire_request request = plain(WIRE_INTERFACES), received;
        struct asker asker = ask(&request, longer[i].header, longer[i].each);

        assert_int_equal(send(ours, asker.bytes, asker.size, 0), asker.size);
        assert_int_equal(request_receive(theirs, &received), 0);
        assert_memory_equal(&received, &request, sizeof(request));
    }
}

static void each_unknown_byte_that_is_not_zero_is_told(void **state) {
    const size_t header = WIRE_REQUEST_HEADER + 8, each = sizeof(struct wire_interface) + 12;
    struct wire_request request = plain(3);
    struct asker asker = ask(&request, header, each);

    for (size_t at = WIRE_REQUEST_HEADER; at < asker.size; at++) {
        bool is_known = at >= header && (at - header) % each < sizeof(struct wire_interface);

        if (is_known) {
            continue;
        }
        asker.bytes[at] = 0x80;
        if (receive_bytes(asker.bytes, asker.size) != WIRE_UNKNOWN_FIELD) fail_msg("byte %zu", at);
        asker.bytes[at] = 0;
    }
    assert_int_equal(receive_bytes(asker.bytes, asker.size), 0);
}

static void sizes_beyond_the_bounds_are_malformed(void **state) {
    static const uint32_t sizes[] = {0, 4, WIRE_REQUEST_LEAST - 1, WIRE_PART_MOST + 1, 0x10000, UINT32_MAX};
    struct wire_request request = plain(1);
    struct asker asker;

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        request = plain(1);
        request.request_size = sizes[i];
        assert_int_equal(receive(&request), WIRE_MALFORMED);
        /* of a message that is as long as it tells, and has its version */
        if (sizes[i] >= 8 && sizes[i] <= WIRE_PART_MOST + 1) {
            asker = ask(&request, sizes[i], sizeof(struct wire_interface));
            assert_int_equal(receive_bytes(asker.bytes, asker.size), WIRE_MALFORMED);
        }
    }
    asker = ask(&request, WIRE_REQUEST_HEADER, WIRE_PART_MOST + 1);
    assert_int_equal(receive_bytes(asker.bytes, asker.size), WIRE_MALFORMED);
    /* in 32 bits, two of these are the size of one interface */
    request = plain(2);
    request.interface_size = 0x80000000u + sizeof(struct wire_interface) / 2;
    assert_int_equal(receive_bytes(&request, WIRE_REQUEST_HEADER + sizeof(struct wire_interface)), WIRE_MALFORMED);
}

static void a_reply_is_as_the_asker_wants_it_or_of_the_first_size(void **state) {
    static const struct {
        uint32_t reply, device;
        int answer;
    } one[] = {{0, 0, 0},
               {WIRE_REPLY_FIRST, 1, 0},
               {WIRE_PART_MOST, WIRE_PART_MOST, 0},
               {1, 0, WIRE_MALFORMED},
               {WIRE_REPLY_FIRST - 1, 0, WIRE_MALFORMED},
               {WIRE_PART_MOST + 1, 0, WIRE_MALFORMED},
               {0, WIRE_PART_MOST + 1, WIRE_MALFORMED},
               {UINT32_MAX, UINT32_MAX, WIRE_MALFORMED}};

    for (size_t i = 0; i < sizeof(one) / sizeof(one[0]); i++) {
        struct wire_request request = plain(1);

        request.reply_size = one[i].reply;
        request.device_size = one[i].device;
        assert_int_equal(receive(&request), one[i].answer);
    }
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

static void another_version_is_told_whatever_its_size(void **state) {
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

/* Sends REQUEST with the write end of a pipe.  Afterwards nobody else has it: the read end is at its end. */
static int receive_with_descriptor(struct wire_request *request) {
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec bytes = {request, size_of(request)};
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
    assert_int_equal(sendmsg(ours, &message, 0), size_of(request));
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

static void a_request_is_of_1_to_64_interfaces(void **state) {
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

static void an_interface_that_is_used_has_its_queues(void **state) {
    struct wire_request request = plain(2);

    request.count = 3;
    assert_int_equal(receive(&request), WIRE_MALFORMED);
}

static void each_invalid_value_is_malformed_in_whichever_interface(void **state) {
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
        {.queues = 1, .vnet_hdr = 2},
        {.queues = 1, .netns = 2}};
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
    CASE(a_request_that_does_not_wait_is_not_waited_for),
    CASE(a_caller_that_hung_up_sent_nothing),
    CASE(a_message_of_another_size_than_it_tells_is_malformed),
    CASE(a_shorter_request_reads_as_zeros_for_what_it_lacks),
    CASE(an_interface_without_its_queues_is_malformed),
    CASE(a_longer_request_whose_rest_is_zeros_is_received),
    CASE(each_unknown_byte_that_is_not_zero_is_told),
    CASE(sizes_beyond_the_bounds_are_malformed),
    CASE(a_reply_is_as_the_asker_wants_it_or_of_the_first_size),
    CASE(an_empty_message_is_malformed),
    CASE(another_magic_is_malformed),
    CASE(another_version_is_told_whatever_its_size),
    CASE(a_descriptor_sent_along_is_malformed_and_not_kept),
    CASE(credentials_sent_along_are_malformed),
    CASE(a_request_is_of_1_to_64_interfaces),
    CASE(all_queues_together_are_at_most_253),
    CASE(an_interface_that_is_used_has_its_queues),
    CASE(each_invalid_value_is_malformed_in_whichever_interface),
    CASE(a_descriptor_that_is_no_socket_is_an_error),
};

int main(void) { return cmocka_run_group_tests(tests, NULL, NULL); }
