// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who owns a tap, and what else only a queue of it can set (drivers/net/tun.c,
 * __tun_chr_ioctl()).
 */
#include "apply/owner.h"
#include "apply/links/tap.h"

#include <errno.h>
#include <linux/if_tun.h>
#include <net/if_arp.h>
#include <stdint.h>
#include <sys/ioctl.h>

#define HEADER_SIZE 10 /* bytes of struct virtio_net_hdr, as a new tap has it */

/* An ioctl(2) on a queue. */
struct setting {
    unsigned long request;
    void *value;
};

int owner_give(int queue, uid_t uid) {
    if (ioctl(queue, TUNSETPERSIST, 1UL)) {
        return -errno;
    }
    if (!ioctl(queue, TUNSETOWNER, (unsigned long)uid)) {
        return 0;
    }
    return errno == EINVAL ? -EUSERS : -errno;
}

/* Resets what the last owner may have set.  rtnetlink reports none of it. */
static int reset_settings(int queue) {
    int no_program = -1;
    int any_size = INT32_MAX;
    int header_size = HEADER_SIZE;
    struct tun_filter no_filter = {0};
    const struct setting settings[] = {
        {TUNDETACHFILTER, NULL},         {TUNSETSTEERINGEBPF, &no_program},
        {TUNSETFILTEREBPF, &no_program}, {TUNSETOFFLOAD, NULL},
        {TUNSETTXFILTER, &no_filter},    {TUNSETSNDBUF, &any_size},
        {TUNSETVNETHDRSZ, &header_size}};

    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        if (ioctl(queue, settings[i].request, settings[i].value)) {
            return -errno;
        }
    }
    return 0;
}

/* -EBUSY: the tap has another queue beside ours. */
static int check_alone(const struct link_state *tap) {
    struct link link;
    int error = link_read(tap->index, NULL, &link);

    if (error || !tap_is_multi_queue(tap)) {
        return error;
    }
    return tap_count_queues(link.tun) == 1 ? 0 : -EBUSY;
}

int owner_take(int queue, const struct link_state *tap) {
    int error;

    if (ioctl(queue, TUNSETOWNER, 0UL)) {
        return -errno;
    }
    /* from here on no other user can attach; who attached before is seen */
    error = check_alone(tap);
    if (error) {
        (void)!owner_put_back(queue, tap);
        return error;
    }
    return reset_settings(queue);
}

int owner_put_back(int queue, const struct link_state *tap) {
    return ioctl(queue, TUNSETOWNER, (unsigned long)tap->tun[IFLA_TUN_OWNER]) ? -errno : 0;
}

int owner_reset_link_type(int queue, const struct link_state *tap) {
    const struct link_change down = {.run_state = RUN_DOWN};
    struct link_state now;
    int error = 0;

    if (tap->is_up) {
        error = links_change(tap->index, &down);
    }
    if (error) {
        return error;
    }
    if (ioctl(queue, TUNSETLINK, (unsigned long)ARPHRD_ETHER)) {
        return -errno;
    }
    error = links_read_one(tap->index, &now);
    if (error) {
        return error;
    }
    return now.type == ARPHRD_ETHER ? 0 : -ESTALE;
}
