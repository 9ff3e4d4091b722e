// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A persistent tap keeps what its holder sets.  The library resets it when it opens the caller's
 * own tap as a managed interface.  An unmanaged tap is not changed; its user is told what can be
 * seen.  The kernel does not show frame filters and eBPF programs, and it shows a classic filter
 * also after it was detached.
 */
#include "cli/shared/kept.h"
#include "cli/command.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define TUN_MAJOR 10
#define TUN_MINOR 200

/* QUESTION is one of those of ethtool that have the answer yes or no. */
static int read_feature(int any_socket, const char *name, uint32_t question, bool *answer) {
    struct ethtool_value value = {.cmd = question};
    struct ifreq request = {.ifr_data = (char *)&value};

    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
    if (ioctl(any_socket, SIOCETHTOOL, &request)) {
        return -errno;
    }
    *answer = value.data;
    return 0;
}

static int read_type(int any_socket, const char *name, unsigned *type) {
    struct ifreq request = {0};

    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
    if (ioctl(any_socket, SIOCGIFHWADDR, &request)) {
        return -errno;
    }
    *type = request.ifr_hwaddr.sa_family;
    return 0;
}

int kept_read(const char *name, struct kept *kept) {
    int any_socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int error;

    if (any_socket < 0) {
        return -errno;
    }
    error = read_feature(any_socket, name, ETHTOOL_GTXCSUM, &kept->checksums);
    if (!error) {
        error = read_feature(any_socket, name, ETHTOOL_GTSO, &kept->segments);
    }
    if (!error) {
        error = read_type(any_socket, name, &kept->link_type);
    }
    close(any_socket);
    return error;
}

/*
 * A macvtap gives whole packets to a program without a virtio header (drivers/net/tap.c,
 * tap_handle_frame()), and each open queue has a header size of its own: there is nothing to tell.
 */
static bool is_tun(int queue) {
    struct stat node;

    return !fstat(queue, &node) && node.st_rdev == makedev(TUN_MAJOR, TUN_MINOR);
}

/* A program with a virtio header must know its size and byte order, and expect offloads. */
static void warn_with_header(const struct tapgrant_device *device, const struct kept *kept) {
    int queue = tapgrant_fd(device, 0);
    int size = sizeof(struct virtio_net_hdr);
    int is_little = 0;
    int is_big = 0;
    char header[40] = "";
    char text[200];

    if (!ioctl(queue, TUNGETVNETHDRSZ, &size) && size != sizeof(struct virtio_net_hdr)) {
        snprintf(header, sizeof(header), ", a virtio header of %d bytes", size);
    }
    if (ioctl(queue, TUNGETVNETLE, &is_little)) {
        is_little = 0;
    }
    /* few kernels know this request */
    if (ioctl(queue, TUNGETVNETBE, &is_big)) {
        is_big = 0;
    }
    if (!kept->checksums && !header[0] && !is_little && !is_big) {
        return;
    }
    snprintf(text, sizeof(text), "an earlier program's settings are on%s%s%s%s",
             kept->checksums ? ", offloads" : "", header, is_little ? ", little-endian" : "",
             is_big ? ", big-endian" : "");
    output_warning(device, text);
}

/* A program without one cannot use such packets. */
static void warn_without_header(const struct tapgrant_device *device, const struct kept *kept) {
    char text[200];

    if (!kept->checksums) {
        return;
    }
    snprintf(text, sizeof(text),
             "an earlier program's offloads are on: packets come without checksums%s; "
             "use vnet-hdr=yes, or as root ethtool -K %s tx off",
             kept->segments ? ", and larger than the MTU" : "", tapgrant_name(device));
    output_warning(device, text);
}

void kept_warn(const struct tapgrant_device *device) {
    struct kept kept = {0};
    char text[80];

    if (tapgrant_managed(device) || !is_tun(tapgrant_fd(device, 0))) {
        return;
    }
    if (kept_read(tapgrant_name(device), &kept)) {
        output_warning(device, "its offloads and its link type cannot be looked up");
        return;
    }
    if (tapgrant_vnet_hdr(device)) {
        warn_with_header(device, &kept);
    } else {
        warn_without_header(device, &kept);
    }
    if (kept.link_type != ARPHRD_ETHER) {
        snprintf(text, sizeof(text), "its link type is %u, not Ethernet's", kept.link_type);
        output_warning(device, text);
    }
}
