// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The smallest setuid program that makes a bridge's tap and hands it over: smallest BRIDGE FD.  It asks nobody whether it
 * may, reads no policy and gives up no privilege: what any helper costs, whatever it does.  Never to be installed.
 */
#include "tests/bench/bare.h"

#include <stdlib.h>

int main(int argc, char *argv[]) {
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    struct iovec byte = {(char[1]){0}, 1};
    struct msghdr message = {.msg_iov = &byte, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control.bytes)};
    int kernel = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), fd;
    struct ifreq bridge = {0}, tap;

    if (argc != 3) return 2;
    strncpy(bridge.ifr_name, argv[1], IFNAMSIZ - 1);
    fd = bare_open(&tap, "tap%d", 1);
    if (fd < 0 || ioctl(kernel, SIOCGIFINDEX, &bridge) || bare_join(kernel, &tap, (unsigned)bridge.ifr_ifindex)) return 1;
    memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
    return sendmsg(atoi(argv[2]), &message, 0) != 1;
}
