// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A tap is made.
 * Hostile here: every local user.  Anybody may attach to a tap without an owner, and to a
 * multi-queue one several may at once.  Between the two system calls that make it and make it
 * root's, somebody may do so.
 * Privilege held: CAP_NET_ADMIN, as the caller.  /dev/net/tun is opened as the caller, so that its
 * mode still decides who may use taps.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "helper/link/link.h"
#include "helper/link/selinux.h"

#define TRIES 3

static int open_queue(struct tap *tap, int *queue) {
    *queue = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    if (*queue < 0) {
        return -errno;
    }
    tap->queue[tap->queues] = *queue;
    tap->queues++;
    return 0;
}

/* Makes a tap that is root's, or fails.  Until the second ioctl(2) it is anybody's. */
static int make_tap(struct tap *tap, const char *name, int flags) {
    struct ifreq request = {.ifr_flags = (short)(flags | IFF_TUN_EXCL)};
    int queue;
    int error = open_queue(tap, &queue);

    if (error) {
        return error;
    }
    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
    if (ioctl(queue, TUNSETIFF, &request)) {
        return errno == EBUSY ? WIRE_NAME_TAKEN : -errno;
    }
    if (ioctl(queue, TUNSETOWNER, 0UL)) {
        return -errno;
    }
    memcpy(tap->link.name, request.ifr_name, sizeof(tap->link.name));
    return 0;
}

/*
 * Attaches a further queue, and makes nothing.  TUNSETIFF uses the index only to make a tap, and
 * then fails, because index 1 is the loopback device's in every network namespace.
 */
static int attach_queue(struct tap *tap, int flags) {
    struct ifreq request = {.ifr_flags = (short)flags};
    const unsigned loopback = 1;
    int queue;
    int error = open_queue(tap, &queue);

    if (error) {
        return error;
    }
    memcpy(request.ifr_name, tap->link.name, sizeof(request.ifr_name));
    if (ioctl(queue, TUNSETIFINDEX, &loopback)) {
        return -errno;
    }
    return ioctl(queue, TUNSETIFF, &request) ? -errno : 0;
}

static int attach_queues(struct tap *tap, int flags, unsigned queues) {
    int place = selinux_enter_attaching();
    int error = 0;

    while (!error && tap->queues < queues) {
        error = attach_queue(tap, flags);
    }
    selinux_leave_attaching(place);
    return error;
}

/* Reads the tap's link.  -ESTALE: the tap was renamed, and another link has its name. */
static int read_tap(struct tap *tap) {
    struct ifreq now = {0};
    int error = link_read(0, tap->link.name, &tap->link);

    if (error) {
        return error;
    }
    if (ioctl(tap->queue[0], TUNGETIFF, &now)) {
        return -errno;
    }
    return strcmp(tap->link.name, now.ifr_name) ? -ESTALE : 0;
}

/* Is it root's alone, down, and of the kind that was asked for? */
static bool is_untouched(const struct link *tap, const struct wire_interface *interface) {
    const bool is_multi_queue = interface->queues > 1;
    uint32_t untouched[IFLA_TUN_MAX + 1];

    /* it has no group; and a tap with one queue reports no number of queues */
    memset(untouched, 0xff, sizeof(untouched));
    untouched[IFLA_TUN_OWNER] = 0;
    untouched[IFLA_TUN_TYPE] = IFF_TAP;
    untouched[IFLA_TUN_PI] = 0;
    untouched[IFLA_TUN_VNET_HDR] = interface->vnet_hdr;
    untouched[IFLA_TUN_PERSIST] = 0;
    untouched[IFLA_TUN_MULTI_QUEUE] = is_multi_queue;
    if (is_multi_queue) {
        untouched[IFLA_TUN_NUM_QUEUES] = 1;
        untouched[IFLA_TUN_NUM_DISABLED_QUEUES] = 0;
    }
    return !tap->up && !memcmp(tap->tun, untouched, sizeof(untouched));
}

/*
 * Deletes the tap, because the process that attached still holds it, and may have made itself its
 * owner and the tap persistent.  If only our queue were closed, the tap would stay.
 */
static int discard(struct tap *tap) {
    int error = link_delete(tap->link.index);

    if (error) {
        return error;
    }
    tap->queues--;
    return close(tap->queue[tap->queues]) ? -errno : 0;
}

/* A tap that nobody has attached to before it was root's. */
static int make_exclusively(const struct wire_interface *interface, struct tap *tap, int flags) {
    const char *name = *interface->dev ? interface->dev : "tg%d";
    int error;

    for (int i = 0; i < TRIES; i++) {
        error = make_tap(tap, name, flags);
        if (error) {
            return error;
        }
        error = read_tap(tap);
        if (error) {
            return error;
        }
        if (is_untouched(&tap->link, interface)) {
            return 0;
        }
        error = discard(tap);
        if (error) {
            return error;
        }
    }
    return -EBUSY;
}

/*
 * Sets what a process that attached and left in time may have set, to what it is in a new tap.
 * rtnetlink shows none of it.
 */
static int reset(int queue) {
    const int none = -1;
    const int no = 0;
    const int yes = 1;
    const int unlimited = INT32_MAX;
    const int header = sizeof(struct virtio_net_hdr);
    const struct tun_filter all_frames = {0};
    bool is_reset = true;

    is_reset &= !ioctl(queue, TUNDETACHFILTER, NULL);
    is_reset &= !ioctl(queue, TUNSETSTEERINGEBPF, &none);
    is_reset &= !ioctl(queue, TUNSETFILTEREBPF, &none);
    is_reset &= !ioctl(queue, TUNSETOFFLOAD, 0UL);
    is_reset &= !ioctl(queue, TUNSETTXFILTER, &all_frames);
    is_reset &= !ioctl(queue, TUNSETSNDBUF, &unlimited);
    is_reset &= !ioctl(queue, TUNSETVNETHDRSZ, &header);
    is_reset &= !ioctl(queue, TUNSETCARRIER, &yes);
    is_reset &= !ioctl(queue, TUNSETLINK, (unsigned long)ARPHRD_ETHER);
    is_reset &= !ioctl(queue, TUNSETVNETLE, &no);
    return is_reset ? 0 : -errno;
}

int tap_create(const struct wire_interface *interface, struct tap *tap) {
    int flags = IFF_TAP | IFF_NO_PI;
    int error;

    if (interface->vnet_hdr) {
        flags |= IFF_VNET_HDR;
    }
    if (interface->queues > 1) {
        flags |= IFF_MULTI_QUEUE;
    }
    error = make_exclusively(interface, tap, flags);
    if (error) {
        return error;
    }
    if (interface->queues == 1) {
        return 0; /* nobody else can attach while our queue is open */
    }
    error = reset(tap->queue[0]);
    if (error) {
        return error;
    }
    return attach_queues(tap, flags, interface->queues);
}
