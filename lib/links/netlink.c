// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/links/netlink.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* netlink_attributes keeps any of these */
_Static_assert(IFLA_TUN_MAX <= IFLA_MAX, "room for the attributes of a tun");
_Static_assert(IFLA_BRPORT_MAX <= IFLA_MAX, "room for the attributes of a port");

#define ANSWER 32768 /* bytes: a dump fills no more at once, net/netlink/af_netlink.c */
#define SEQUENCE 1   /* of the only question that a socket is used for */

struct nlmsghdr *question_begin(struct netlink_question *question,
                               uint16_t type,
                               uint16_t flags,
                               const struct ifinfomsg *body) {
    struct nlmsghdr *message = mnl_nlmsg_put_header(question->bytes);

    memcpy(mnl_nlmsg_put_extra_header(message, sizeof(*body)), body, sizeof(*body));
    message->nlmsg_type = type;
    message->nlmsg_flags = NLM_F_REQUEST | flags;
    message->nlmsg_seq = SEQUENCE;
    return message;
}

static int exchange(struct mnl_socket *socket,
                    const struct nlmsghdr *message,
                    mnl_cb_t each,
                    void *context) {
    _Alignas(struct nlmsghdr) char answer[ANSWER];
    int more = MNL_CB_OK;

    if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID)) {
        return -errno;
    }
    if (mnl_socket_sendto(socket, message, message->nlmsg_len) < 0) {
        return -errno;
    }
    while (more == MNL_CB_OK) {
        ssize_t length = mnl_socket_recvfrom(socket, answer, sizeof(answer));

        if (length < 0) {
            return -errno;
        }
        more = mnl_cb_run(answer, (size_t)length, SEQUENCE, mnl_socket_get_portid(socket), each,
                          context);
    }
    return more < 0 ? -errno : 0;
}

int question_exchange(const struct nlmsghdr *message, mnl_cb_t each, void *context) {
    struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
    int error;

    if (!socket) {
        return -errno;
    }
    error = exchange(socket, message, each, context);
    mnl_socket_close(socket);
    return error;
}

static int keep_attribute(const struct nlattr *attribute, void *context) {
    struct netlink_attributes *attributes = context;
    uint16_t type = mnl_attr_get_type(attribute);

    if (type <= IFLA_MAX) {
        attributes->of_type[type] = attribute;
    }
    return MNL_CB_OK;
}

void netlink_attributes(const struct nlmsghdr *message,
                        unsigned size,
                        struct netlink_attributes *attributes) {
    *attributes = (struct netlink_attributes){.of_type = {NULL}};
    mnl_attr_parse(message, size, keep_attribute, attributes);
}

void netlink_nested(const struct nlattr *nest, struct netlink_attributes *attributes) {
    *attributes = (struct netlink_attributes){.of_type = {NULL}};
    if (nest) {
        mnl_attr_parse_nested(nest, keep_attribute, attributes);
    }
}

uint32_t netlink_number(const struct nlattr *attribute, uint32_t absent) {
    if (!attribute) {
        return absent;
    }
    if (mnl_attr_get_payload_len(attribute) == sizeof(uint8_t)) {
        return mnl_attr_get_u8(attribute);
    }
    return mnl_attr_get_u32(attribute);
}

void netlink_text(const struct nlattr *attribute, char *text, size_t size) {
    if (!attribute) {
        return;
    }
    snprintf(text, size, "%.*s", (int)mnl_attr_get_payload_len(attribute),
             mnl_attr_get_str(attribute));
}
