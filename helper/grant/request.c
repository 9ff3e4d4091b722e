// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Purpose: bytes -> struct wire_request.
 * Hostile here: every byte, the length, descriptors sent along, a sender that never sends.
 * Privilege held: root; nothing is done here but reading and comparing.
 */
#include "helper/grant/stages.h"

int request_receive(int socket, struct wire_request *request) {
    struct iovec bytes = {request, sizeof(*request)};
    struct msghdr message = {.msg_iov = &bytes, .msg_iovlen = 1};
    ssize_t length = recvmsg(socket, &message, MSG_DONTWAIT | MSG_TRUNC);
    unsigned queues = 0;

    if (length < 0) return -errno;
    if ((size_t)length < 2 * sizeof(uint32_t) || request->magic != WIRE_MAGIC) return WIRE_MALFORMED;
    if (request->version != WIRE_VERSION) return WIRE_OTHER_VERSION;
    /* With no room for control data a descriptor sent along is closed by the kernel, which says so: MSG_CTRUNC. */
    if ((size_t)length != sizeof(*request) || message.msg_flags & MSG_CTRUNC || !request->count ||
        request->count > WIRE_INTERFACES) return WIRE_MALFORMED;
    for (uint32_t i = 0; i < WIRE_INTERFACES; queues += request->interface[i++].queues)
        if (i < request->count ? !wire_interface_valid(&request->interface[i])
            : memcmp(&request->interface[i], &(struct wire_interface){0}, sizeof(struct wire_interface)) != 0)
            return WIRE_MALFORMED;
    return queues > WIRE_QUEUES ? WIRE_MALFORMED : 0;
}
