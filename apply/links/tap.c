// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the state of a link says of it as a tap.  A holder needs no privilege to change the owner,
 * the group, the persistence and the carrier (drivers/net/tun.c, __tun_chr_ioctl()), but
 * CAP_NET_ADMIN to change the alias.
 */
#include "apply/links/tap.h"
#include "wire/names.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MOST_QUEUES 256 /* drivers/net/tun.c, MAX_TAP_QUEUES */

static bool begins_with(const char *text, const char *prefix) {
    return !strncmp(text, prefix, strlen(prefix));
}

const char *tap_label(const struct link_state *tap) {
    if (!tap->is_tap || !begins_with(tap->alias, NAMES_DECLARED)) {
        return NULL;
    }
    return tap->alias + strlen(NAMES_DECLARED);
}

bool tap_is_granted(const struct link_state *tap) {
    return tap->is_tap && begins_with(tap->alias, NAMES_GRANTED) && strstr(tap->alias, " rule=");
}

bool tap_is_persistent(const struct link_state *tap) {
    return tap->tun[IFLA_TUN_PERSIST] == 1;
}

bool tap_is_multi_queue(const struct link_state *tap) {
    return tap->tun[IFLA_TUN_MULTI_QUEUE] == 1;
}

uint32_t tap_count_queues(const uint32_t tun[IFLA_TUN_MAX + 1]) {
    return tun[IFLA_TUN_NUM_QUEUES] + tun[IFLA_TUN_NUM_DISABLED_QUEUES];
}

bool tap_is_in_use(const struct link_state *tap) {
    if (!tap_is_multi_queue(tap)) {
        return tap->has_carrier;
    }
    return tap_count_queues(tap->tun) > 0;
}

bool tap_is_leftover(const struct link_state *tap) {
    return tap_is_granted(tap) && tap_is_persistent(tap) && !tap_is_in_use(tap);
}

bool tap_is_running(const struct link_state *tap) {
    return tap->is_up && (!tap->is_dormant || tap->is_operational);
}

bool tap_has_room(const struct link_state *tap) {
    return tap_is_multi_queue(tap) && tap_count_queues(tap->tun) < MOST_QUEUES;
}

/*
 * TUNSETIFF sets the flags of a tap that exists, so they are those that it has; IFF_NO_CARRIER
 * would take the carrier away where there is one (drivers/net/tun.c, tun_set_iff()).  Without
 * IFF_NOFILTER the kernel would read a filter that an earlier holder set, at its address, from our
 * memory (tun_attach()).
 */
static int flags_to_attach(const struct link_state *tap) {
    int flags = IFF_TAP | IFF_NOFILTER;

    if (!tap->has_carrier) {
        flags |= IFF_NO_CARRIER;
    }
    if (tap->tun[IFLA_TUN_PI] != 1) {
        flags |= IFF_NO_PI;
    }
    if (tap->tun[IFLA_TUN_VNET_HDR] == 1) {
        flags |= IFF_VNET_HDR;
    }
    if (tap_is_multi_queue(tap)) {
        flags |= IFF_MULTI_QUEUE;
    }
    return flags;
}

static int attach(int queue, const struct link_state *tap) {
    struct ifreq request = {.ifr_flags = (short)flags_to_attach(tap)};
    unsigned loopback = 1;

    memcpy(request.ifr_name, tap->name, sizeof(tap->name));
    /* with the index of a link that exists a queue attaches, and never makes a tap */
    if (ioctl(queue, TUNSETIFINDEX, &loopback)) {
        return -errno;
    }
    return ioctl(queue, TUNSETIFF, &request) ? -errno : 0;
}

int tap_open_queue(const struct link_state *tap) {
    int queue = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    int error;

    if (queue < 0) {
        return -errno;
    }
    error = attach(queue, tap);
    if (!error) {
        return queue;
    }
    close(queue);
    if (error == -E2BIG) {
        /* its holder attached as many queues as a tap can have */
        return -EBUSY;
    }
    return error == -EEXIST ? -ENODEV : error;
}
