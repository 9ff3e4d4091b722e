// SPDX-License-Identifier: LGPL-2.1-or-later
/* The request's bytes, as they wait on the helper's descriptor; what was accepted is held against the rules of wire.h. */
#include "helper/grant/grant.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUIRE(condition) do { if (!(condition)) abort(); } while (0)
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(const char name[WIRE_NAME]) {
    size_t length = strnlen(name, WIRE_NAME);

    REQUIRE(length < WIRE_NAME);
    for (size_t i = length; i < WIRE_NAME; i++) REQUIRE(!name[i]);
    for (size_t i = 0; i < length; i++) REQUIRE(name[i] > ' ' && name[i] <= '~' && name[i] != '/');
    REQUIRE(strcmp(name, "none"));
}

static unsigned check_interface(const struct wire_interface *one) {
    static const uint8_t absent[6];

    check_name(one->dev);
    check_name(one->bridge);
    REQUIRE(!one->dev[0] || strspn(one->dev, LETTERS "0123456789_-") == strlen(one->dev));
    REQUIRE(!one->dev[0] || strchr(LETTERS, one->dev[0]));
    REQUIRE(!(one->guest_mac[0] & 1) && !(one->host_mac[0] & 1));
    REQUIRE(!memcmp(one->guest_mac, absent, 6) || memcmp(one->guest_mac, one->host_mac, 6));
    REQUIRE(!one->mtu || (one->mtu >= WIRE_MTU_MIN && one->mtu <= WIRE_MTU_MAX));
    REQUIRE(one->queues >= 1 && one->queues <= WIRE_QUEUES && one->vnet_hdr <= 1);
    return one->queues;
}

/* Of a message with the header's and each interface's size as it tells them, each byte is in REQUEST or is zero. */
static void check_bytes(const uint8_t *data, size_t size, const struct wire_request *request) {
    uint8_t *copy = calloc(1, WIRE_MESSAGE_MOST);
    size_t header = request->request_size, each = request->interface_size, known;

    REQUIRE(copy && size == header + request->count * each);
    known = header < WIRE_REQUEST_HEADER ? header : WIRE_REQUEST_HEADER;
    memcpy(copy, request, known);
    known = each < sizeof(struct wire_interface) ? each : sizeof(struct wire_interface);
    for (uint32_t i = 0; i < request->count; i++)
        memcpy(copy + header + i * each, &request->interface[i], known);
    REQUIRE(!memcmp(copy, data, size));
    free(copy);
}

/* The answer to what was accepted has the sizes that it asks for. */
static void check_reply(const struct wire_request *request) {
    static const struct wire_reply reply;
    static uint8_t bytes[WIRE_MESSAGE_MOST];
    size_t header = request->reply_size ? request->reply_size : WIRE_REPLY_FIRST;
    size_t each = request->device_size ? request->device_size : WIRE_DEVICE_FIRST;

    REQUIRE(header >= WIRE_REPLY_FIRST);
    REQUIRE(wire_reply_write(&reply, request, bytes) == header + request->count * each);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct wire_interface unused;
    static struct wire_request request;
    unsigned queues = 0;
    int pair[2], result;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) abort();
    if (send(pair[0], data, size, MSG_NOSIGNAL) != (ssize_t)size) abort();
    memset(&request, 0xff, sizeof(request));
    result = request_receive(pair[1], &request);
    close(pair[0]);
    close(pair[1]);
    REQUIRE(result == 0 || result == WIRE_MALFORMED || result == WIRE_OTHER_VERSION || result == WIRE_UNKNOWN_FIELD);
    if (result) return 0;
    check_bytes(data, size, &request);
    check_reply(&request);
    REQUIRE(request.magic == WIRE_MAGIC && request.version == WIRE_VERSION);
    REQUIRE(request.count >= 1 && request.count <= WIRE_INTERFACES);
    for (uint32_t i = 0; i < WIRE_INTERFACES; i++)
        if (i < request.count) queues += check_interface(&request.interface[i]);
        else REQUIRE(!memcmp(&request.interface[i], &unused, sizeof(unused)));
    REQUIRE(queues <= WIRE_QUEUES);
    return 0;
}
