// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The programs that open an interface by its name, and which of their options to use.  How each
 * opens it was read in its source: QEMU 7.2 (net/tap-linux.c), libvirt 11.3
 * (util/virnetdevtap.c), firecracker (devices/virtio/net/tap.rs), cloud-hypervisor
 * (net_util/src/{tap,open_tap}.rs), crosvm (net_util/src/sys/linux/tap.rs).  All use
 * IFF_TAP | IFF_NO_PI.  They differ in IFF_MULTI_QUEUE, which has to be the device's own, and in
 * what they do afterwards.
 */
#include "cli/doctor/program.h"

#include <stdio.h>
#include <string.h>

#define SEVERAL 80 /* bytes: the option about several queues; left out if there is one */

static void tell_qemu(struct findings *findings,
                      const char *object,
                      const char *dev,
                      unsigned queues) {
    char several[SEVERAL] = "";

    if (queues > 1) {
        snprintf(several, sizeof(several), ",queues=%u", queues);
    }
    findings_good(findings, "options", object,
                  "-netdev tap,id=n0,ifname=%s,script=no,downscript=no%s "
                  "-device virtio-net-pci,netdev=n0%s",
                  dev, several, queues > 1 ? ",mq=on" : "");
}

static void tell_libvirt(struct findings *findings,
                         const char *object,
                         const char *dev,
                         unsigned queues) {
    char several[SEVERAL] = "";

    if (queues > 1) {
        snprintf(several, sizeof(several), "<driver queues='%u'/>", queues);
    }
    findings_good(findings, "options", object,
                  "<interface type='ethernet'><target dev='%s' managed='no'/>"
                  "<model type='virtio'/>%s</interface>",
                  dev, several);
    findings_warn(findings, "managed", object, "write managed='no'",
                  "without managed='no' libvirt refuses an existing tap of one's own, "
                  "and deletes it");
}

static void tell_firecracker(struct findings *findings,
                             const char *object,
                             const char *dev,
                             unsigned queues __attribute__((unused))) {
    findings_good(findings, "options", object,
                  "\"network-interfaces\": [{\"iface_id\": \"eth0\", \"host_dev_name\": \"%s\"}]; "
                  "with the jailer its --uid owns the tap",
                  dev);
}

/* It counts a queue for each direction. */
static void tell_cloud_hypervisor(struct findings *findings,
                                  const char *object,
                                  const char *dev,
                                  unsigned queues) {
    char several[SEVERAL] = "";

    if (queues > 1) {
        snprintf(several, sizeof(several), ",num_queues=%u", queues * 2);
    }
    findings_good(findings, "options", object,
                  "--net tap=%s%s, with mac= for the guest's address, and without ip, mask, "
                  "host_mac and mtu, which it would set itself",
                  dev, several);
}

static void tell_crosvm(struct findings *findings,
                        const char *object,
                        const char *dev,
                        unsigned queues __attribute__((unused))) {
    findings_good(findings, "options", object, "--net tap-name=%s", dev);
}

static const struct program programs[] = {
    {.name = "qemu", .queues = PROGRAM_QUEUES, .takes_descriptor = true, .tell_options = tell_qemu},
    {.name = "libvirt",
     .queues = PROGRAM_QUEUES,
     .opens_macvtap = true,
     .tell_options = tell_libvirt},
    {.name = "firecracker",
     .queues = 1,
     .why_one = "it has one queue for each direction",
     .tell_options = tell_firecracker},
    {.name = "cloud-hypervisor",
     .queues = PROGRAM_QUEUES,
     .sets_up = true,
     .takes_descriptor = true,
     .tell_options = tell_cloud_hypervisor},
    {.name = "crosvm",
     .queues = 1,
     .why_one = "for each further one it sets the device up again, to which the kernel says EPERM",
     .takes_descriptor = true,
     .tell_options = tell_crosvm},
};

const struct program *program_find(const char *name) {
    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
        if (!strcmp(programs[i].name, name)) {
            return &programs[i];
        }
    }
    return NULL;
}
