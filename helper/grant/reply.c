// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Purpose: tell the administrator and the caller.  syslog(3) allocates, reads the time zone and takes its identity
 * from argv[0]; a line of our own to the same socket does none of it.
 * Hostile here: the socket's other end, which may be full, closed, or somebody else's; nothing is read from it.
 * Privilege held: none, but to open the log: root.
 */
#include "helper/grant/stages.h"

int log_open(void) {
    int logger = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    return connect(logger, (const void *)&(struct sockaddr_un){AF_UNIX, "/dev/log"}, sizeof(struct sockaddr_un)) ? -1 : logger;
}

int reply_send(int socket, const struct wire_reply *reply, const struct device *devices) {
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * WIRE_QUEUES)] = {0};
    struct iovec bytes = {(void *)reply, sizeof(*reply)};
    struct msghdr message = {.msg_iov = &bytes, .msg_iovlen = 1, .msg_control = control};
    struct cmsghdr *header = (void *)control;
    unsigned char *end = CMSG_DATA(header);

    for (uint32_t i = 0; i < reply->count; i++) end = mempcpy(end, devices[i].queue, devices[i].queues * sizeof(int));
    const size_t size = (size_t)(end - CMSG_DATA(header));
    *header = (struct cmsghdr){.cmsg_len = CMSG_LEN(size), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    message.msg_controllen = size ? CMSG_SPACE(size) : 0;
    return sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof(*reply) ? 0 : -errno;
}
