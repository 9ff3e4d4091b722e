// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a bridge is like before a port joins it.
 * Hostile here: nothing; /sys may show another network namespace than ours.
 * Privilege held: CAP_NET_ADMIN, as the caller.  Reading needs none.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "helper/link/message.h"
#include "helper/link/read.h"

struct port_search {
    uint32_t bridge;
    uint32_t mtu; /* the lowest so far; 0: none */
};

static int take_port(const struct nlmsghdr *message, void *context) {
    struct port_search *search = context;
    struct link port;
    int result = link_parse(message, &port);

    if (port.master != search->bridge || !strcmp(port.kind, "tun")) {
        return result;
    }
    if (!search->mtu || port.mtu < search->mtu) {
        search->mtu = port.mtu;
    }
    return result;
}

int link_port_mtu(uint32_t bridge, uint32_t *mtu) {
    struct port_search search = {.bridge = bridge};
    int error;

    message_begin_link(RTM_GETLINK, NLM_F_DUMP, AF_UNSPEC, 0, 0);
    /* only its ports are told then: net/core/rtnetlink.c, link_master_filtered() */
    message_put(IFLA_MASTER, &bridge, sizeof(bridge));
    error = message_exchange(take_port, &search);
    *mtu = error ? 0 : search.mtu;
    return error;
}

/* A setting of a link below /sys, which no attribute has.  -ESTALE: it is not VALUE. */
static int check_setting(const char *link, const char *name, const char *value) {
    char path[96];
    char now[32] = {0};
    ssize_t length;
    int file;

    snprintf(path, sizeof(path), "/sys/class/net/%s/%s", link, name);
    file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return -errno;
    }
    length = pread(file, now, sizeof(now) - 1, 0);
    close(file);
    if (length <= 0 || now[length - 1] != '\n') {
        return -EIO;
    }
    now[length - 1] = 0;
    return strcmp(now, value) ? -ESTALE : 0;
}

static int check_address(const struct link *bridge) {
    char address[WIRE_MAC_TEXT];

    return check_setting(bridge->name, "address", wire_mac_text(bridge->mac, address));
}

int link_pinned(const struct link *bridge) {
    struct link now;
    int error = check_address(bridge);

    if (error == -ESTALE) {
        /* A bridge whose address is not fixed may just have got another one. */
        error = link_read(bridge->index, NULL, &now);
        if (!error) {
            error = check_address(&now);
        }
    }
    /* sysfs shows the network namespace in which it was mounted.  A link of this name may be
     * another bridge there. */
    if (error) {
        return error == -ESTALE ? -EXDEV : error;
    }
    /* NET_ADDR_SET, include/uapi/linux/netdevice.h */
    return check_setting(bridge->name, "addr_assign_type", "3");
}
