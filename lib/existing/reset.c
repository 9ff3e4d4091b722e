// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A persistent tap keeps what its holder sets: offloads, filters, the virtio header's size.  The
 * next holder may be a program that does not expect them: without a virtio header it gets packets
 * without checksums and larger than the MTU, and behind a filter it gets none.  rtnetlink does not
 * show them.  Here they become a new tap's again (drivers/net/tun.c, tun_net_init()), by requests
 * that every holder may make.
 *
 * Two settings do not stay: each open queue has a send buffer of its own, and the kernel raises the
 * carrier whenever a queue is attached.
 */
#include "lib/links/links.h"
#include "lib/error.h"
#include "lib/roads.h"

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
    bool may_be_unknown; /* to the kernel: EINVAL.  Then nobody has set it. */
};

/* A negative errno, and the request that it is of. */
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

/*
 * Frames that came before the reset were made for the last holder: they are read, and dropped.  The
 * queue has room for LENGTH of them.
 */
static int drain(int queue, uint32_t length) {
    char beginning[256]; /* the kernel drops the rest of a frame */
    int flags = fcntl(queue, F_GETFL);
    ssize_t size = 0;

    if (flags < 0 || fcntl(queue, F_SETFL, flags | O_NONBLOCK)) {
        return -errno;
    }
    for (uint32_t i = 0; i < length && size >= 0; i++) {
        size = read(queue, beginning, sizeof(beginning));
    }
    if (size < 0 && errno != EAGAIN) {
        return -errno;
    }
    return fcntl(queue, F_SETFL, flags) ? -errno : 0;
}

static int explain(const char *failed_request, int errnum, const char *object,
                   struct tapgrant_error *error) {
    error_set(error, TAPGRANT_FAILED, object, "what its last holder set cannot be undone: %s: %s",
              failed_request, strerror(errnum));
    error_hint(error, "add managed=no to use it as it is");
    return TAPGRANT_FAILED;
}

int tap_reset(const struct tapgrant_device *device, const struct link *link,
              const char *object, struct tapgrant_error *error) {
    const char *failed_request = NULL;
    int failed = reset_settings(device->fd[0], &failed_request);

    if (failed) {
        return explain(failed_request, -failed, object, error);
    }
    /* only while the device is down: existing_open() refuses another type of one that is up */
    if (link->link_type != ARPHRD_ETHER &&
        ioctl(device->fd[0], TUNSETLINK, (unsigned long)ARPHRD_ETHER)) {
        return explain("TUNSETLINK", errno, object, error);
    }
    for (unsigned queue = 0; queue < device->queues; queue++) {
        failed = drain(device->fd[queue], link->queue_length);
        if (failed) {
            return explain("read(2)", -failed, object, error);
        }
    }
    return TAPGRANT_OK;
}
