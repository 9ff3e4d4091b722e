// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/bridge-helper/socket.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DESCRIPTOR_MAX (1 << 20) /* fs.nr_open, as the kernel has it by default */

/* Room for one descriptor, aligned as a header is. */
union control {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int))];
};

static bool has_option(int fd, int option, int expected) {
    int value = -1;
    socklen_t size = sizeof(value);

    return !getsockopt(fd, SOL_SOCKET, option, &value, &size) && value == expected;
}

/* A tap of the caller's is for nobody else's process. */
static bool is_of_caller_or_root(int fd) {
    struct ucred peer;
    socklen_t size = sizeof(peer);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size)) {
        return false;
    }
    return peer.uid == getuid() || peer.uid == 0;
}

int socket_parse(const char *text) {
    char *end;
    long number = strtol(text, &end, 10);
    int fd = (int)number;

    if (*text < '0' || *text > '9' || *end || number > DESCRIPTOR_MAX) {
        return -EINVAL;
    }
    if (!has_option(fd, SO_DOMAIN, AF_UNIX) || !has_option(fd, SO_TYPE, SOCK_STREAM) ||
        !has_option(fd, SO_ACCEPTCONN, 0)) {
        return -EINVAL;
    }
    return is_of_caller_or_root(fd) ? fd : -EINVAL;
}

int socket_send(int socket, int descriptor) {
    union control control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)),
                                        .cmsg_level = SOL_SOCKET,
                                        .cmsg_type = SCM_RIGHTS}};
    char zero = 0;
    struct iovec byte = {&zero, 1};
    struct msghdr message = {.msg_iov = &byte,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control.bytes)};

    memcpy(CMSG_DATA(&control.header), &descriptor, sizeof(descriptor));
    if (sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
        return -errno;
    }
    return 0;
}
