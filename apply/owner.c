// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Whose a device is, and what else only a queue of it can set.
 */
#include "apply/owner.h"

int owner_give(int queue, uid_t uid) {
    if (ioctl(queue, TUNSETPERSIST, 1UL)) {
        return -errno;
    }
    if (!ioctl(queue, TUNSETOWNER, (unsigned long)uid)) {
        return 0;
    }
    return errno == EINVAL ? -EUSERS : -errno;
}

/* What the last owner may have left behind for the next: nothing of it shows in the link. */
static int clear(int queue) {
    int no_program = -1, any_size = INT32_MAX;
    int header = 10; /* bytes of struct virtio_net_hdr, as of a new tap */
    struct tun_filter no_filter = {0};
    const struct {
        unsigned long request;
        void *value;
    } settings[] = {{TUNDETACHFILTER, NULL},         {TUNSETSTEERINGEBPF, &no_program},
                    {TUNSETFILTEREBPF, &no_program}, {TUNSETOFFLOAD, NULL},
                    {TUNSETTXFILTER, &no_filter},    {TUNSETSNDBUF, &any_size},
                    {TUNSETVNETHDRSZ, &header}};

    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        if (ioctl(queue, settings[i].request, settings[i].value)) {
            return -errno;
        }
    }
    return 0;
}

/* Does it have no queue but one of ours? */
static int check_alone(const struct link_state *now) {
    struct link link;
    int error = link_read(now->index, NULL, &link);

    if (error || now->tun[IFLA_TUN_MULTI_QUEUE] != 1) {
        return error;
    }
    return link.tun[IFLA_TUN_NUM_QUEUES] + link.tun[IFLA_TUN_NUM_DISABLED_QUEUES] == 1 ? 0 : -EBUSY;
}

int owner_take(int queue, const struct link_state *now) {
    int error;

    if (ioctl(queue, TUNSETOWNER, 0UL)) {
        return -errno;
    }
    error = check_alone(now);
    if (error) {
        (void)!owner_put_back(queue, now);
        return error;
    }
    return clear(queue);
}

int owner_put_back(int queue, const struct link_state *now) {
    return ioctl(queue, TUNSETOWNER, (unsigned long)now->tun[IFLA_TUN_OWNER]) ? -errno : 0;
}

int owner_reset_link_type(int queue, const struct link_state *now) {
    struct link_state tap;
    int error = 0;

    if (now->is_up) {
        error = links_change(now->index, &(struct link_change){.run_state = RUN_DOWN});
    }
    if (error) {
        return error;
    }
    if (ioctl(queue, TUNSETLINK, (unsigned long)ARPHRD_ETHER)) {
        return -errno;
    }
    error = links_read_one(now->index, &tap);
    if (error) {
        return error;
    }
    return tap.type == ARPHRD_ETHER ? 0 : -ESTALE;
}
