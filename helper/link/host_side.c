// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the host's own stack does on every tap, on a port too: a port can lose its bridge (ip link
 * del BRIDGE), and then the host hears its guest.
 * Hostile here: the guest, once the tap is up.
 * Privilege held: CAP_NET_ADMIN, as the caller.
 */
#include "helper/link/host_side.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "helper/link/message.h"

#define IPV6_SETTINGS "/proc/sys/net/ipv6/conf"

/*
 * No forwarding, no source that is reached by another link, no answer for the host's other
 * addresses, no router advertisement taken, no address.  And no IPv6: a host that forwards it would
 * do so for the guest, whatever the link's own settings say (net/ipv6/ip6_output.c, ip6_forward()
 * asks devconf_all).
 */
const struct link_stack host_side_of_taps = {
    .forwarding = 0,
    .rp_filter = 1,
    .arp_ignore = 2,
    .accept_ra = 0,
    .disable_ipv6 = 1,
    .addr_gen_mode = IN6_ADDR_GEN_MODE_NONE,
};

static int write_ipv6_setting(const char *link, const char *name, const char *value) {
    char path[96];
    ssize_t written;
    int error = 0;
    int file;

    snprintf(path, sizeof(path), IPV6_SETTINGS "/%s/%s", link, name);
    file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) {
        return -errno;
    }
    written = write(file, value, strlen(value));
    if (written < 0) {
        error = -errno;
    }
    close(file);
    return error;
}

static bool kernel_has_ipv6(void) {
    return !access(IPV6_SETTINGS, F_OK) || errno != ENOENT;
}

/* net/ipv6/addrconf.c, inet6_set_link_af() takes the generation of addresses and no more. */
int host_side_switch_ipv6_off(const char *link, struct link_stack *wanted) {
    int error = write_ipv6_setting(link, "accept_ra", "0");

    if (error == -ENOENT && !kernel_has_ipv6()) {
        wanted->accept_ra = UINT32_MAX;
        wanted->disable_ipv6 = UINT32_MAX;
        wanted->addr_gen_mode = UINT32_MAX;
        return 0;
    }
    if (error) {
        return error;
    }
    return write_ipv6_setting(link, "disable_ipv6", "1");
}

/* In one message: each of them by its file takes 20 us (open, write, close). */
void host_side_put(const struct link_stack *wanted) {
    struct nlattr *families = message_begin_nest(IFLA_AF_SPEC);
    struct nlattr *family = message_begin_nest(AF_INET);
    struct nlattr *settings = message_begin_nest(IFLA_INET_CONF);
    uint8_t mode = (uint8_t)wanted->addr_gen_mode;

    message_put(IPV4_DEVCONF_FORWARDING, &wanted->forwarding, sizeof(wanted->forwarding));
    message_put(IPV4_DEVCONF_RP_FILTER, &wanted->rp_filter, sizeof(wanted->rp_filter));
    message_put(IPV4_DEVCONF_ARP_IGNORE, &wanted->arp_ignore, sizeof(wanted->arp_ignore));
    message_end_nest(settings);
    message_end_nest(family);
    if (wanted->addr_gen_mode != UINT32_MAX) {
        family = message_begin_nest(AF_INET6);
        message_put(IFLA_INET6_ADDR_GEN_MODE, &mode, sizeof(mode));
        message_end_nest(family);
    }
    message_end_nest(families);
}

int link_set_host_side(const char *name) {
    struct link_stack wanted = host_side_of_taps;
    struct link tap;
    int error = host_side_switch_ipv6_off(name, &wanted);

    if (error) {
        return error;
    }
    message_begin_link(RTM_SETLINK, 0, AF_UNSPEC, 0, 0);
    message_put(IFLA_IFNAME, name, strlen(name) + 1); /* index 0: the link of this name */
    host_side_put(&wanted);
    error = message_exchange(NULL, NULL);
    if (error) {
        return error;
    }
    error = link_read(0, name, &tap);
    if (error) {
        return error;
    }
    return memcmp(&tap.stack, &wanted, sizeof(wanted)) ? -ESTALE : 0;
}
