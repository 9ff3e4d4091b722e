// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One message and one descriptor from one process of the service to another.
 * Hostile here: nobody, unless a child is in other hands; then what it sends.
 * Privilege held: what the process has; nothing of it is used.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "helper/service/messages.h"

int pass_send(int channel, const void *bytes, size_t size, int descriptor, int flags) {
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec content = {(void *)bytes, size};
    struct msghdr message = {.msg_iov = &content, .msg_iovlen = 1};
    struct cmsghdr *header = (void *)control;

    if (descriptor >= 0) {
        header->cmsg_len = CMSG_LEN(sizeof(int));
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        memcpy(CMSG_DATA(header), &descriptor, sizeof(int));
        message.msg_control = control;
        message.msg_controllen = sizeof(control);
    }
    if (sendmsg(channel, &message, flags | MSG_NOSIGNAL) != (ssize_t)size) {
        return -errno;
    }
    return 0;
}

static int take_descriptor(struct msghdr *message) {
    const struct cmsghdr *header = CMSG_FIRSTHDR(message);
    int descriptor = -1;

    if (!header || header->cmsg_type != SCM_RIGHTS || header->cmsg_len != CMSG_LEN(sizeof(int))) {
        return -1;
    }
    memcpy(&descriptor, CMSG_DATA(header), sizeof(int));
    return descriptor;
}

int pass_receive(int channel, void *bytes, size_t size, int *descriptor, int flags) {
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec content = {bytes, size};
    struct msghdr message = {.msg_iov = &content, .msg_iovlen = 1};
    ssize_t length;

    message.msg_control = control;
    /* not CMSG_SPACE(): its padding has room for a second one */
    message.msg_controllen = descriptor ? CMSG_LEN(sizeof(int)) : 0;
    length = recvmsg(channel, &message, flags | MSG_TRUNC | MSG_CMSG_CLOEXEC);
    if (length < 0) {
        return -errno;
    }
    if (descriptor) {
        *descriptor = take_descriptor(&message);
    }
    if (!length) {
        return -ESHUTDOWN;
    }
    /* The kernel closes descriptors that there is no room for, and says so. */
    if ((size_t)length != size || message.msg_flags & MSG_CTRUNC) {
        return -EBADMSG;
    }
    return 0;
}
