// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Bytes become a struct wire_request.
 * Hostile here: every byte, the length, descriptors sent along, a sender that never sends.
 * Privilege held: root; nothing is done here but reading and comparing.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "helper/grant/grant.h"

static bool is_unused(const struct wire_interface *interface) {
    static const struct wire_interface zeros;

    return !memcmp(interface, &zeros, sizeof(zeros));
}

/* All interfaces in use are valid, and all others are zeros. */
static int check_interfaces(const struct wire_request *request) {
    unsigned queues = 0;

    for (uint32_t i = 0; i < WIRE_INTERFACES; i++) {
        const struct wire_interface *interface = &request->interface[i];
        bool is_in_use = i < request->count;

        if (is_in_use ? !wire_interface_valid(interface) : !is_unused(interface)) {
            return WIRE_MALFORMED;
        }
        queues += interface->queues;
    }
    return queues > WIRE_QUEUES ? WIRE_MALFORMED : 0;
}

int request_receive(int socket, struct wire_request *request) {
    struct iovec bytes = {request, sizeof(*request)};
    struct msghdr message = {.msg_iov = &bytes, .msg_iovlen = 1};
    ssize_t length = recvmsg(socket, &message, MSG_DONTWAIT | MSG_TRUNC);

    if (length < 0) {
        return -errno;
    }
    if ((size_t)length < 2 * sizeof(uint32_t) || request->magic != WIRE_MAGIC) {
        return WIRE_MALFORMED;
    }
    if (request->version != WIRE_VERSION) {
        return WIRE_OTHER_VERSION;
    }
    if ((size_t)length != sizeof(*request)) {
        return WIRE_MALFORMED;
    }
    /* There is no room for descriptors: the kernel closes any that were sent, and says so. */
    if (message.msg_flags & MSG_CTRUNC) {
        return WIRE_MALFORMED;
    }
    if (!request->count || request->count > WIRE_INTERFACES) {
        return WIRE_MALFORMED;
    }
    return check_interfaces(request);
}
