// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The managed road: ask the helper, and believe nothing of its answer that can be checked.
 */
#include "lib/managed/explain.h"
#include "lib/managed/helper_process.h"
#include "lib/error.h"
#include "lib/roads.h"

#include <errno.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define TUN_MAJOR 10
#define TUN_MINOR 200

static void fill_request(struct wire_request *request, const struct interface *const interfaces[], size_t count) {
    *request = (struct wire_request){.magic = WIRE_MAGIC, .version = WIRE_VERSION, .count = (uint32_t)count};
    for (size_t i = 0; i < count; i++) interface_to_wire(interfaces[i], &request->interface[i]);
}

static int check_reply(const struct helper_answer *answer, size_t count, struct tapgrant_error *error) {
    const struct wire_reply *reply = &answer->reply;

    if (answer->lacks_descriptors) {
        return error_set(error, TAPGRANT_FAILED, "recvmsg(2)",
                         "the kernel gave only %zu of the helper's descriptors",
                         answer->descriptors);
    }
    if (!answer->size) return explain_silence(answer->wait_status, error);
    if (answer->size < offsetof(struct wire_reply, stage) || reply->magic != WIRE_MAGIC)
        return error_set(error, TAPGRANT_FAILED, HELPER_PATH, "answers in another protocol");
    if (reply->version != WIRE_VERSION || reply->status == WIRE_OTHER_VERSION) {
        return error_set(error, TAPGRANT_FAILED, HELPER_PATH, "helper speaks %u, library %u: restart the program that uses it",
                         reply->version, WIRE_VERSION);
    }
    if (answer->size != sizeof(*reply) || answer->is_longer)
        return error_set(error, TAPGRANT_FAILED, HELPER_PATH, "gives an answer of the wrong size");
    if (reply->interface >= count || (reply->status == WIRE_GRANTED ? reply->count != count : reply->count > 0) ||
        (reply->status != WIRE_GRANTED && answer->descriptors))
        return error_set(error, TAPGRANT_FAILED, HELPER_PATH, "gives an answer that contradicts itself");
    return TAPGRANT_OK;
}

/* A queue of the tap that was asked for? */
static bool is_queue(int fd, const struct interface *interface, const struct wire_device *told) {
    struct ifreq request = {0};
    struct stat node;
    int wanted = IFF_TAP | IFF_NO_PI | (interface->vnet_hdr ? IFF_VNET_HDR : 0) | (interface->queues > 1 ? IFF_MULTI_QUEUE : 0);

    return !fstat(fd, &node) && S_ISCHR(node.st_mode) && node.st_rdev == makedev(TUN_MAJOR, TUN_MINOR) &&
           !ioctl(fd, TUNGETIFF, &request) && !strcmp(request.ifr_name, told->dev) &&
           (request.ifr_flags & (IFF_TUN | IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE)) == wanted;
}

/* Moves the device's descriptors out of the answer, from *NEXT on. */
static int take_device(struct helper_answer *answer, size_t *next, size_t i, const struct interface *interface,
                       struct tapgrant_device *device, struct tapgrant_error *error) {
    const struct wire_device *told = &answer->reply.device[i];

    if (!memchr(told->dev, 0, sizeof(told->dev)) || !memchr(told->bridge, 0, sizeof(told->bridge)) ||
        !memchr(told->rule, 0, sizeof(told->rule)) || (interface->dev[0] && strcmp(told->dev, interface->dev)) ||
        answer->descriptors - *next < interface->queues)
        return error_set(error, TAPGRANT_FAILED, HELPER_PATH, "did not give what was asked for");
    for (unsigned queue = 0; queue < interface->queues; queue++) {
        if (!is_queue(answer->descriptor[*next], interface, told))
            return error_set(error, TAPGRANT_FAILED, HELPER_PATH, "gave a descriptor that is not the tap's");
        device->fd[queue] = answer->descriptor[*next];
        answer->descriptor[(*next)++] = -1;
        device->queues = queue + 1;
    }
    memcpy(device->name, told->dev, sizeof(device->name));
    memcpy(device->bridge, told->bridge, sizeof(device->bridge));
    memcpy(device->rule, told->rule, sizeof(device->rule));
    memcpy(device->host_mac, told->host_mac, sizeof(device->host_mac));
    memcpy(device->guest_mac, told->guest_mac, sizeof(device->guest_mac));
    device->ifindex = told->ifindex;
    device->mtu = told->mtu;
    device->slot = told->slot;
    device->uid = device->owner = getuid();
    device->multi_queue = interface->queues > 1;
    device->vnet_hdr = interface->vnet_hdr;
    device->managed = device->up = true;
    return TAPGRANT_OK;
}

static int take_all(struct helper_answer *answer, const struct interface *const interfaces[], size_t count,
                    struct tapgrant_device *const devices[], struct tapgrant_error *error) {
    size_t next = 0;

    for (size_t i = 0; i < count; i++) {
        int code = take_device(answer, &next, i, interfaces[i], devices[i], error);

        if (code) return code;
    }
    if (next != answer->descriptors)
        return error_set(error, TAPGRANT_FAILED, HELPER_PATH, "gave more descriptors than were asked for");
    return TAPGRANT_OK;
}

/* Last, and undone if one of them fails: what is closed without it disappears. */
static int make_persistent(const struct interface *const interfaces[], size_t count, struct tapgrant_device *const devices[],
                           struct tapgrant_error *error) {
    char object[INTERFACE_DEV + 16];
    size_t i;

    for (i = 0; i < count; i++) {
        if (!interfaces[i]->persist) continue;
        if (ioctl(devices[i]->fd[0], TUNSETPERSIST, 1)) break;
        devices[i]->persist = true;
    }
    if (i == count) return TAPGRANT_OK;
    snprintf(object, sizeof(object), "interface %s", devices[i]->name);
    error_set(error, TAPGRANT_FAILED, object, "cannot be made persistent: %s", strerror(errno));
    while (i-- > 0)
        if (devices[i]->persist) ioctl(devices[i]->fd[0], TUNSETPERSIST, 0);
    return TAPGRANT_FAILED;
}

/* Does one before the Nth ask for its guest-mac on its bridge? */
static bool asks_twice(const struct interface *const interfaces[], size_t n) {
    const struct interface *one = interfaces[n];
    bool twice = false;

    for (size_t i = 0; i < n; i++)
        twice |= !strcmp(interfaces[i]->bridge, one->bridge) && !memcmp(interfaces[i]->guest_mac, one->guest_mac, 6);
    return twice && !wire_mac_absent(one->guest_mac);
}

static int converse(struct helper_answer *answer, const struct interface *const interfaces[], const char *const specs[],
                    size_t count, struct tapgrant_device *const devices[], struct tapgrant_error *error) {
    struct wire_request request;
    int failed, code;

    fill_request(&request, interfaces, count);
    failed = helper_converse(HELPER_PATH, &request, answer);
    if (failed) {
        return explain_conversation(failed, answer->failed_call, HELPER_SECONDS, error);
    }
    code = check_reply(answer, count, error);
    if (code) return code;
    if (answer->reply.status != WIRE_GRANTED) {
        uint32_t i = answer->reply.interface;

        return explain_refusal(&answer->reply, interfaces[i], specs[i], asks_twice(interfaces, i), error);
    }
    code = take_all(answer, interfaces, count, devices, error);
    return code ? code : make_persistent(interfaces, count, devices, error);
}

int managed_open(const struct interface *const interfaces[], const char *const specs[], size_t count,
                 struct tapgrant_device *const devices[], struct tapgrant_error *error) {
    struct helper_answer *answer = calloc(1, sizeof(*answer));
    int code;

    if (!answer) return error_set(error, TAPGRANT_FAILED, "tapgrant", "out of memory");
    code = converse(answer, interfaces, specs, count, devices, error);
    for (size_t i = 0; i < answer->descriptors; i++)
        if (answer->descriptor[i] >= 0) close(answer->descriptor[i]);
    free(answer);
    return code;
}
