/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The least that makes a tap a bridge's port, without a single check: the floor that everything here is compared with.
 * Three system calls, and one message on a socket that may be open already: it is set up by the same that joins it.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct bare_message {
    struct nlmsghdr header;
    struct ifinfomsg link;
    char attributes[128];
};

static inline void bare_put(struct bare_message *message, unsigned short type, const void *data, size_t size) {
    struct rtattr *attribute = (void *)((char *)message + NLMSG_ALIGN(message->header.nlmsg_len));

    *attribute = (struct rtattr){(unsigned short)RTA_LENGTH(size), type};
    memcpy(RTA_DATA(attribute), data, size);
    message->header.nlmsg_len = (unsigned)(NLMSG_ALIGN(message->header.nlmsg_len) + RTA_ALIGN(RTA_LENGTH(size)));
}

/* 0 or the kernel's errno. */
static inline int bare_ask(int kernel, struct bare_message *message) {
    _Alignas(8) char answer[8192];
    const struct nlmsghdr *header = (void *)answer;

    message->header.nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
    if (send(kernel, message, message->header.nlmsg_len, 0) < 0 || recv(kernel, answer, sizeof(answer), 0) < 0) return errno;
    return header->nlmsg_type == NLMSG_ERROR ? -((const struct nlmsgerr *)NLMSG_DATA(header))->error : 0;
}

static inline struct bare_message bare_link(unsigned short type, int index) {
    return (struct bare_message){{NLMSG_LENGTH(sizeof(struct ifinfomsg)), type, 0, 1, 0}, {.ifi_index = index}, {0}};
}

/* A new tap where MAKE, else one that is there; its descriptor or -1. */
static inline int bare_open(struct ifreq *tap, const char *name, int make) {
    unsigned loopback = 1;
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

    *tap = (struct ifreq){.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
    strncpy(tap->ifr_name, name, IFNAMSIZ - 1);
    if (fd < 0 || (!make && ioctl(fd, TUNSETIFINDEX, &loopback)) || ioctl(fd, TUNSETIFF, tap)) return -1;
    return fd;
}

/* Address, MTU, bridge and up in one message: 0 or an errno. */
static inline int bare_join(int kernel, struct ifreq *tap, unsigned bridge) {
    static const unsigned char address[6] = {0xfe, 0x54, 0, 0x12, 0x34, 0x56};
    struct bare_message message;
    unsigned mtu = 1500;

    if (ioctl(kernel, SIOCGIFINDEX, tap)) return errno;
    message = bare_link(RTM_NEWLINK, tap->ifr_ifindex);
    message.link.ifi_flags = message.link.ifi_change = IFF_UP;
    bare_put(&message, IFLA_ADDRESS, address, sizeof(address));
    bare_put(&message, IFLA_MTU, &mtu, sizeof(mtu));
    bare_put(&message, IFLA_MASTER, &bridge, sizeof(bridge));
    return bare_ask(kernel, &message);
}
