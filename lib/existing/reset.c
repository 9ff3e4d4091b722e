// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A persistent tap keeps what its holder sets: offloads, filters, the size of the virtio header.
 * The next holder may be a program that does not expect them.  Without a virtio header it gets
 * packets without checksums and larger than the MTU, and behind a filter it gets none.
 * rtnetlink(7) does not show these settings.  Here they become those of a new tap again
 * (drivers/net/tun.c, tun_net_init()), by requests that every holder may make.
 *
 * Two settings do not stay: each open queue has a send buffer of its own, and the kernel raises the
 * carrier whenever a queue is attached.
 */
#include "lib/error.h"
#include "lib/existing/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct setting {
    const char *name;
    unsigned long request;
    void *value;
    bool may_be_unknown; /* the kernel answers EINVAL: then nobody has set it */
};

/* 0, or a negative errno and the request that it is of. */
static int reset_settings(int queue, const char **failed_request) {
    struct tun_filter all_frames = {0};
    int no_program = -1;
    int header_size = sizeof(struct virtio_net_hdr);
    int off = 0;
    const struct setting settings[] = {
        {"TUNSETOFFLOAD", TUNSETOFFLOAD, NULL},
        {"TUNSETTXFILTER", TUNSETTXFILTER, &all_frames},
        {"TUNDETACHFILTER", TUNDETACHFILTER, NULL},
        {"TUNSETFILTEREBPF", TUNSETFILTEREBPF, &no_program},
        {"TUNSETSTEERINGEBPF", TUNSETSTEERINGEBPF, &no_program},
        {"TUNSETVNETHDRSZ", TUNSETVNETHDRSZ, &header_size},
        {"TUNSETVNETLE", TUNSETVNETLE, &off},
        {"TUNSETVNETBE", TUNSETVNETBE, &off, .may_be_unknown = true},
    };

    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        const struct setting *setting = &settings[i];

        if (!ioctl(queue, setting->request, setting->value)) {
            continue;
        }
        if (errno != EINVAL || !setting->may_be_unknown) {
            *failed_request = setting->name;
            return -errno;
        }
    }
    return 0;
}

/* Reads up to COUNT frames, and drops them.  The queue does not block. */
static int drop_frames(int queue, uint32_t count) {
    char beginning[256]; /* the kernel drops the rest of a frame */

    for (uint32_t i = 0; i < count; i++) {
        if (read(queue, beginning, sizeof(beginning)) < 0) {
            return errno == EAGAIN ? 0 : -errno;
        }
    }
    return 0;
}

/*
 * Frames that came before the reset were made for the last holder.  The queue has room for LENGTH
 * of them.
 */
static int drain(int queue, uint32_t length) {
    int flags = fcntl(queue, F_GETFL);
    int error;

    if (flags < 0) {
        return -errno;
    }
    if (fcntl(queue, F_SETFL, flags | O_NONBLOCK)) {
        return -errno;
    }
    error = drop_frames(queue, length);
    if (error) {
        return error;
    }
    return fcntl(queue, F_SETFL, flags) ? -errno : 0;
}

static int explain_reset(const char *failed_request,
                         const char *object,
                         int error,
                         struct tapgrant_error *failure) {
    error_set(failure, TAPGRANT_FAILED, object, "what its last holder set cannot be undone: %s: %s",
              failed_request, strerror(-error));
    error_hint(failure, "add managed=no to use it as it is");
    return TAPGRANT_FAILED;
}

int tap_reset(const struct tapgrant_device *device,
              const struct link *link,
              const char *object,
              struct tapgrant_error *failure) {
    const char *failed_request = NULL;
    int queue = device->fd[0];
    int error = reset_settings(queue, &failed_request);

    if (error) {
        return explain_reset(failed_request, object, error, failure);
    }
    /* existing_open() has refused another link type of a tap that is up: it cannot be changed */
    if (link->link_type != ARPHRD_ETHER && ioctl(queue, TUNSETLINK, (unsigned long)ARPHRD_ETHER)) {
        return explain_reset("TUNSETLINK", object, -errno, failure);
    }
    for (unsigned i = 0; i < device->queues; i++) {
        error = drain(device->fd[i], link->queue_length);
        if (error) {
            return explain_reset("read(2)", object, error, failure);
        }
    }
    return TAPGRANT_OK;
}
