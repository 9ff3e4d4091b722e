// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The caller is told.
 * Hostile here: the caller, who may have closed the socket or never reads it.
 * Privilege held: none to send; to fill it, what the stage has.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "helper/grant/grant.h"

void grant_fill_reply(struct grant *grant, int result) {
    struct wire_reply *reply = &grant->reply;

    reply->magic = WIRE_MAGIC;
    reply->version = WIRE_VERSION;
    reply->request_size = WIRE_REQUEST_HEADER;
    reply->interface_size = sizeof(struct wire_interface);
    if (grant->stage <= WIRE_REQUEST) {
        /* it was not read, or is not valid: nothing of it is used */
        memset(&grant->request, 0, sizeof(grant->request));
    }
    reply->interface = result ? grant->index : 0;
    reply->status = result < 0 ? WIRE_FAILED : (uint32_t)result;
    reply->error = result < 0 ? (uint32_t)-result : 0;
    reply->stage = grant->stage;
    reply->count = result ? 0 : grant->request.count;
    if (result) {
        log_decision(grant, result, reply->interface);
    }
    reply->is_elsewhere = grant->caller->is_in_other_netns;
    if (result == WIRE_DENIED || result == WIRE_OTHER_NETNS) {
        memset(reply->device, 0, sizeof(reply->device));
        reply->stage = 0;
    }
}

int reply_send(int socket,
               const struct wire_request *request,
               const struct wire_reply *reply,
               const struct tap *taps) {
    static uint8_t message_bytes[WIRE_MESSAGE_MOST];
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * WIRE_QUEUES)] = {0};
    struct iovec bytes = {message_bytes, wire_reply_write(reply, request, message_bytes)};
    struct msghdr message = {.msg_iov = &bytes, .msg_iovlen = 1, .msg_control = control};
    struct cmsghdr *header = (void *)control;
    size_t size = 0;
    ssize_t length;

    for (uint32_t i = 0; i < reply->count; i++) {
        size_t queues = taps[i].queues * sizeof(int);

        memcpy(CMSG_DATA(header) + size, taps[i].queue, queues);
        size += queues;
    }
    header->cmsg_len = CMSG_LEN(size);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    message.msg_controllen = size ? CMSG_SPACE(size) : 0;
    length = sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (length < 0) {
        return -errno;
    }
    return (size_t)length == bytes.iov_len ? 0 : -EMSGSIZE;
}
