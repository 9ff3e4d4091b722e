// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The settings of a bridge's port.
 * Hostile here: nothing, but kernels acknowledge attributes that they do not know: what is set here
 * is read back by those who set it.
 * Privilege held: CAP_NET_ADMIN, as the caller.
 */
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "helper/link/link.h"
#include "helper/link/message.h"

/* A constant of the preprocessor's, for the initialiser below. */
#define BIT(number) (UINT64_C(1) << (number))
/* The same, and it leaves out what all names have in common. */
#define PORT(name) BIT(IFLA_BRPORT_##name)

/*
 * What a port may do for its guest and against others.  A new port's other settings stay the
 * kernel's.
 */
const uint64_t link_port_settings = PORT(MODE) | PORT(GUARD) | PORT(PROTECT) | PORT(FAST_LEAVE) |
                                    PORT(LEARNING) | PORT(PROXYARP) | PORT(PROXYARP_WIFI) |
                                    PORT(ISOLATED) | PORT(LOCKED);

uint64_t link_port_as_made(bool lock_mac, bool isolate) {
    uint64_t port = PORT(GUARD) | PORT(PROTECT);

    port |= lock_mac ? PORT(LOCKED) : PORT(LEARNING);
    if (isolate) {
        port |= PORT(ISOLATED);
    }
    return port;
}

int link_set_port(uint32_t index, uint64_t wanted) {
    struct nlattr *list;

    message_begin_link(RTM_SETLINK, 0, AF_BRIDGE, index, 0);
    list = message_begin_nest(IFLA_PROTINFO);
    for (uint16_t type = 0; type < 64; type++) {
        const uint8_t value = (wanted & BIT(type)) != 0;

        if (link_port_settings & BIT(type)) {
            message_put(type, &value, sizeof(value));
        }
    }
    message_end_nest(list);
    return message_exchange(NULL, NULL);
}
