// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Requests to rtnetlink(7), and their answers.  Only root's program runs this: the helper has its
 * own conversation, in helper/link, without heap.
 */
#include "apply/links/netlink.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static struct mnl_socket *kernel;
static unsigned sequence;
static _Alignas(8) char request[1024];
static _Alignas(8) char reply[65536];

int netlink_open(void) {
    int error;

    if (kernel) {
        mnl_socket_close(kernel);
    }
    kernel = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
    if (!kernel) {
        return -errno;
    }
    error = mnl_socket_bind(kernel, 0, MNL_SOCKET_AUTOPID);
    return error ? -errno : 0;
}

struct nlmsghdr *netlink_begin(uint16_t type, uint16_t flags, const void *body, size_t size) {
    struct nlmsghdr *message = mnl_nlmsg_put_header(request);

    sequence++;
    message->nlmsg_type = type;
    message->nlmsg_flags = NLM_F_REQUEST | flags;
    message->nlmsg_seq = sequence;
    memcpy(mnl_nlmsg_put_extra_header(message, size), body, size);
    return message;
}

int netlink_exchange(const struct nlmsghdr *message, mnl_cb_t read, void *context) {
    unsigned port = mnl_socket_get_portid(kernel);
    int more = MNL_CB_OK;
    ssize_t length = mnl_socket_sendto(kernel, message, message->nlmsg_len);

    if (length < 0) {
        return -errno;
    }
    while (more == MNL_CB_OK) {
        length = mnl_socket_recvfrom(kernel, reply, sizeof(reply));
        if (length < 0) {
            return -errno;
        }
        more = mnl_cb_run(reply, (size_t)length, message->nlmsg_seq, port, read, context);
    }
    return more < 0 ? -errno : 0;
}

static int keep_attribute(const struct nlattr *attribute, void *context) {
    struct attributes *attributes = context;
    uint16_t type = mnl_attr_get_type(attribute);

    if (type <= attributes->most) {
        attributes->of_type[type] = attribute;
    }
    return MNL_CB_OK;
}

void attributes_of_message(const struct nlmsghdr *message,
                           size_t size,
                           struct attributes *attributes) {
    mnl_attr_parse(message, (unsigned)size, keep_attribute, attributes);
}

void attributes_of_nest(const struct nlattr *nest, struct attributes *attributes) {
    if (nest) {
        mnl_attr_parse_nested(nest, keep_attribute, attributes);
    }
}

uint32_t attribute_number(const struct nlattr *attribute, uint32_t absent) {
    size_t size = attribute ? mnl_attr_get_payload_len(attribute) : 0;

    if (size == sizeof(uint8_t)) {
        return mnl_attr_get_u8(attribute);
    }
    return size == sizeof(uint32_t) ? mnl_attr_get_u32(attribute) : absent;
}

void attribute_copy_mac(const struct nlattr *attribute, uint8_t mac[6]) {
    if (attribute && mnl_attr_get_payload_len(attribute) == 6) {
        memcpy(mac, mnl_attr_get_payload(attribute), 6);
    }
}

void attribute_copy_text(const struct nlattr *attribute, char *to, size_t size) {
    if (attribute) {
        snprintf(to, size, "%.*s", (int)mnl_attr_get_payload_len(attribute),
                 mnl_attr_get_str(attribute));
    }
}
