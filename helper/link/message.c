// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The one conversation with the kernel that a process has.
 * Hostile here: other processes, which may try to send to our socket.  A connected one takes only
 * the kernel's messages (net/netlink/af_netlink.c, netlink_getsockbyportid()), and the sequence is
 * checked as well.  The socket is our own, because mnl_socket_open(3) allocates.
 * Privilege held: root to open it; CAP_NET_ADMIN, as the caller, to use it.
 */
#include "helper/link/message.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "helper/link/link.h"

static int kernel; /* the socket */
static uint32_t sequence;
static bool is_too_large;
static _Alignas(8) char question[1024]; /* far more than any of ours */
static _Alignas(8) char answer[32768];  /* a link with all its attributes: the kernel's most */

int link_connect(void) {
    const struct sockaddr_nl address = {.nl_family = AF_NETLINK};

    kernel = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (kernel < 0) {
        return -errno;
    }
    return connect(kernel, (const void *)&address, sizeof(address)) ? -errno : 0;
}

void message_begin(uint16_t type, uint16_t flags, const void *body, size_t size) {
    struct nlmsghdr *message = mnl_nlmsg_put_header(question);

    sequence++;
    message->nlmsg_type = type;
    message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
    message->nlmsg_seq = sequence;
    memcpy(mnl_nlmsg_put_extra_header(message, size), body, size);
    is_too_large = false;
}

void message_begin_link(uint16_t type,
                        uint16_t flags,
                        uint8_t family,
                        uint32_t index,
                        unsigned change) {
    struct ifinfomsg body = {.ifi_family = family, .ifi_index = (int)index};

    body.ifi_flags = change;
    body.ifi_change = change;
    message_begin(type, flags, &body, sizeof(body));
}

void message_put(uint16_t type, const void *data, size_t size) {
    struct nlmsghdr *message = (void *)question;

    if (!mnl_attr_put_check(message, sizeof(question), type, size, data)) {
        is_too_large = true;
    }
}

struct nlattr *message_begin_nest(uint16_t type) {
    return mnl_attr_nest_start((void *)question, type);
}

void message_end_nest(struct nlattr *nest) {
    mnl_attr_nest_end((void *)question, nest);
}

/*
 * The kernel marks a list of links that changes while it is sent, and libmnl takes the mark for an
 * error.  Any user's new tap would cause it.  A link that is missing in such a list can only lead
 * to a refusal: link_port_mtu() then finds no port, or one with a higher MTU.
 */
static void drop_interruption_marks(size_t length) {
    struct nlmsghdr *message = (void *)answer;
    int left = (int)length;

    while (mnl_nlmsg_ok(message, left)) {
        message->nlmsg_flags &= (uint16_t)~NLM_F_DUMP_INTR;
        message = mnl_nlmsg_next(message, &left);
    }
}

/* MNL_CB_OK: there is more to come; MNL_CB_STOP: the acknowledgement. */
static int receive(mnl_cb_t read, void *context) {
    ssize_t length = recv(kernel, answer, sizeof(answer), MSG_TRUNC);
    int more;

    if (length < 0) {
        return -errno;
    }
    if ((size_t)length > sizeof(answer)) {
        return -EMSGSIZE;
    }
    drop_interruption_marks((size_t)length);
    more = mnl_cb_run(answer, (size_t)length, sequence, 0, read, context);
    return more < 0 ? -errno : more;
}

int message_exchange(mnl_cb_t read, void *context) {
    const struct nlmsghdr *message = (const void *)question;
    int more = MNL_CB_OK;

    if (is_too_large) {
        return -EMSGSIZE;
    }
    if (send(kernel, message, message->nlmsg_len, 0) < 0) {
        return -errno;
    }
    while (more == MNL_CB_OK) {
        more = receive(read, context);
    }
    return more < 0 ? more : 0;
}
