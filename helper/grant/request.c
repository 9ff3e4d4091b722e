// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Bytes become a struct wire_request.
 * Hostile here: every byte, the length, descriptors sent along, a sender that never sends.
 * Privilege held: root; nothing is done here but reading and comparing.
 */
#include <errno.h>
#include <sys/socket.h>

#include "helper/grant/grant.h"

/* What is asked for must be valid in itself. */
static int check_interfaces(const struct wire_request *request) {
    unsigned queues = 0;

    for (uint32_t i = 0; i < request->count; i++) {
        const struct wire_interface *interface = &request->interface[i];

        if (!wire_interface_valid(interface)) {
            return WIRE_MALFORMED;
        }
        queues += interface->queues;
    }
    return queues > WIRE_QUEUES ? WIRE_MALFORMED : 0;
}

int request_receive(int socket, struct wire_request *request) {
    static uint8_t message[WIRE_MESSAGE_MOST];
    struct iovec bytes = {message, sizeof(message)};
    struct msghdr header = {.msg_iov = &bytes, .msg_iovlen = 1};
    ssize_t size = recvmsg(socket, &header, MSG_DONTWAIT);
    int result;

    if (size < 0) {
        return -errno;
    }
    result = wire_request_read(message, (size_t)size, request);
    if (result) {
        return result;
    }
    /*
     * More bytes than any message has.  And there is no room for descriptors: the kernel closes any
     * that were sent, and says so.
     */
    if (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
        return WIRE_MALFORMED;
    }
    return request->count ? check_interfaces(request) : WIRE_MALFORMED;
}
