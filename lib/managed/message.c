// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The messages of wire/wire.h on a socket.
 * Hostile here: nothing that is trusted less than the helper; but what comes is counted, so that no
 * descriptor is lost.
 */
#include "lib/managed/message.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What there is no room for is closed. */
static void take_descriptor(int fd, struct answer *answer) {
    if (answer->descriptors == sizeof(answer->descriptor) / sizeof(answer->descriptor[0])) {
        close(fd);
        return;
    }
    answer->descriptor[answer->descriptors] = fd;
    answer->descriptors++;
}

static void take_descriptors(struct msghdr *message, struct answer *answer) {
    struct cmsghdr *header = CMSG_FIRSTHDR(message);

    while (header) {
        bool has_descriptors = header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS;
        size_t end = sizeof(int);

        while (has_descriptors && CMSG_LEN(end) <= header->cmsg_len) {
            int fd;

            memcpy(&fd, CMSG_DATA(header) + end - sizeof(int), sizeof(int));
            take_descriptor(fd, answer);
            end += sizeof(int);
        }
        header = CMSG_NXTHDR(message, header);
    }
}

/*
 * Some of the descriptors that were sent did not come (MSG_CTRUNC).  There is room for as many as
 * the kernel sends at once: SCM_MAX_FD, include/net/scm.h.  So this process cannot have more, or a
 * security module keeps them from it.
 */
static int note_missing(int socket, struct answer *answer) {
    int one_more = fcntl(socket, F_DUPFD_CLOEXEC, 0);

    if (one_more < 0) {
        answer->failed_call = "recvmsg";
        return -errno;
    }
    close(one_more);
    answer->lacks_descriptors = true;
    return 0;
}

/*
 * Where the other end was closed with our request unread, ECONNRESET comes before the answer, once.
 */
static ssize_t receive_message(int socket, struct msghdr *message) {
    const int flags = MSG_DONTWAIT | MSG_CMSG_CLOEXEC;
    ssize_t size = recvmsg(socket, message, flags);

    if (size < 0 && errno == ECONNRESET) {
        size = recvmsg(socket, message, flags);
    }
    return size;
}

int message_send(int socket, const struct wire_request *request) {
    size_t size = WIRE_REQUEST_HEADER + request->count * sizeof(request->interface[0]);

    /* a message is sent whole or not at all */
    return send(socket, request, size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int message_receive(int socket, struct answer *answer) {
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(answer->descriptor))];
    struct iovec bytes = {&answer->reply, sizeof(answer->reply)};
    struct msghdr message = {.msg_iov = &bytes,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
    ssize_t size = receive_message(socket, &message);

    if (size < 0 && errno == ECONNRESET) {
        return 0;
    }
    if (size < 0) {
        answer->failed_call = "recvmsg";
        return -errno;
    }
    take_descriptors(&message, answer);
    answer->size = (size_t)size;
    answer->is_longer = message.msg_flags & MSG_TRUNC;
    return message.msg_flags & MSG_CTRUNC ? note_missing(socket, answer) : 0;
}

void message_discard(struct answer *answer) {
    for (size_t i = 0; i < answer->descriptors; i++) {
        if (answer->descriptor[i] >= 0) {
            close(answer->descriptor[i]);
        }
    }
    memset(answer, 0, sizeof(*answer));
}
