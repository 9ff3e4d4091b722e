// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/managed/reply.h"
#include "lib/error.h"
#include "lib/managed/access.h"
#include "lib/managed/explain.h"

#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define TUN_MAJOR 10
#define TUN_MINOR 200
#define CHECKED_FLAGS (IFF_TUN | IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE)

static const char *speaker(const struct answer *answer) {
    return answer->is_of_service ? EXPLAIN_SERVICE : HELPER_PATH;
}

static bool contradicts_itself(const struct answer *answer, size_t count) {
    const struct wire_reply *reply = &answer->reply;

    if (reply->interface >= count || reply->is_elsewhere > 1) {
        return true;
    }
    if (reply->status == WIRE_GRANTED) {
        return reply->count != count;
    }
    return reply->count || answer->descriptors;
}

/* The reply to a request that was not understood is of a size that every program has room for. */
static bool size_is_right(const struct answer *answer, size_t count) {
    size_t whole = WIRE_REPLY_HEADER + count * sizeof(struct wire_device);

    if (answer->is_longer) {
        return false;
    }
    if (answer->reply.status != WIRE_GRANTED && answer->size == WIRE_REPLY_FIRST) {
        return true;
    }
    return answer->size == whole;
}

/* The library of a program stays what it was when the program was started. */
static int explain_version(const struct answer *answer, struct tapgrant_error *failure) {
    error_set(failure, TAPGRANT_FAILED, speaker(answer),
              "%s speaks %u, library %u: restart the program that uses it",
              answer->is_of_service ? "service" : "helper", answer->reply.version, WIRE_VERSION);
    error_reason_code(failure, "version");
    return TAPGRANT_FAILED;
}

int reply_check(const struct answer *answer, size_t count, struct tapgrant_error *failure) {
    const struct wire_reply *reply = &answer->reply;

    if (answer->lacks_descriptors) {
        return error_set(failure, TAPGRANT_FAILED, "recvmsg(2)",
                         "the kernel gave only %zu of the %s's descriptors", answer->descriptors,
                         answer->is_of_service ? "service" : "helper");
    }
    if (!answer->size) {
        return explain_silence(answer->wait_status, failure);
    }
    /* up to the status, every version has the same fields */
    if (answer->size < offsetof(struct wire_reply, stage) || reply->magic != WIRE_MAGIC) {
        return error_set(failure, TAPGRANT_FAILED, speaker(answer), "answers in another protocol");
    }
    if (reply->version != WIRE_VERSION || reply->status == WIRE_OTHER_VERSION) {
        return explain_version(answer, failure);
    }
    if (!size_is_right(answer, count)) {
        return error_set(failure, TAPGRANT_FAILED, speaker(answer),
                         "gives an answer of the wrong size");
    }
    if (contradicts_itself(answer, count)) {
        return error_set(failure, TAPGRANT_FAILED, speaker(answer),
                         "gives an answer that contradicts itself");
    }
    return TAPGRANT_OK;
}

static int tun_flags(const struct interface *interface) {
    int flags = IFF_TAP | IFF_NO_PI;

    if (interface->vnet_hdr) {
        flags |= IFF_VNET_HDR;
    }
    if (interface->queues > 1) {
        flags |= IFF_MULTI_QUEUE;
    }
    return flags;
}

/* TUNGETIFF is asked only of /dev/net/tun: to another device the number may mean another thing. */
static bool is_queue_of(int fd, const char *name, const struct interface *interface) {
    struct ifreq request = {.ifr_flags = 0};
    struct stat node;

    if (fstat(fd, &node) || !S_ISCHR(node.st_mode)) {
        return false;
    }
    if (node.st_rdev != makedev(TUN_MAJOR, TUN_MINOR) || ioctl(fd, TUNGETIFF, &request)) {
        return false;
    }
    if (strcmp(request.ifr_name, name)) {
        return false;
    }
    return (request.ifr_flags & CHECKED_FLAGS) == tun_flags(interface);
}

static bool names_end(const struct wire_device *made) {
    return memchr(made->dev, 0, sizeof(made->dev)) &&
           memchr(made->bridge, 0, sizeof(made->bridge)) &&
           memchr(made->rule, 0, sizeof(made->rule));
}

/* Does it have the name that was asked for, if one was? */
static bool has_wanted_name(const struct wire_device *made, const struct interface *interface) {
    return !interface->dev[0] || !strcmp(made->dev, interface->dev);
}

/* In another network namespace than ours is only what was asked for there. */
static bool is_where_wanted(const struct answer *answer, const struct interface *interface) {
    return interface->host_netns || !answer->reply.is_elsewhere;
}

/* From the answer's descriptor *NEXT on. */
static int take_queues(struct answer *answer,
                       size_t *next,
                       const struct wire_device *made,
                       const struct interface *interface,
                       struct tapgrant_device *device,
                       struct tapgrant_error *failure) {
    for (unsigned i = 0; i < interface->queues; i++) {
        int *queue = &answer->descriptor[*next];

        if (!is_queue_of(*queue, made->dev, interface)) {
            return error_set(failure, TAPGRANT_FAILED, speaker(answer),
                             "gave a descriptor that is not the tap's");
        }
        device->fd[i] = *queue;
        device->queues = i + 1;
        *queue = -1;
        (*next)++;
    }
    return TAPGRANT_OK;
}

/* The service goes by the effective id, as SO_PEERCRED does; the helper by the real one. */
static uid_t caller_uid(const struct answer *answer) {
    return answer->is_of_service ? geteuid() : getuid();
}

static void describe(const struct wire_device *made,
                     const struct interface *interface,
                     uid_t uid,
                     bool is_elsewhere,
                     struct tapgrant_device *device) {
    memcpy(device->name, made->dev, sizeof(device->name));
    memcpy(device->bridge, made->bridge, sizeof(device->bridge));
    memcpy(device->rule, made->rule, sizeof(device->rule));
    memcpy(device->host_mac, made->host_mac, sizeof(device->host_mac));
    memcpy(device->guest_mac, made->guest_mac, sizeof(device->guest_mac));
    device->ifindex = made->ifindex;
    device->mtu = made->mtu;
    device->slot = made->slot;
    device->uid = uid;
    device->owner = device->uid;
    device->multi_queue = interface->queues > 1;
    device->vnet_hdr = interface->vnet_hdr;
    device->managed = true;
    device->up = true;
    device->other_netns = is_elsewhere;
}

static int take_device(struct answer *answer,
                       size_t *next,
                       size_t n,
                       const struct managed_set *set,
                       struct tapgrant_error *failure) {
    const struct wire_device *made = &answer->reply.device[n];
    const struct interface *interface = set->interface[n];
    int code;

    if (!names_end(made) || !has_wanted_name(made, interface) ||
        !is_where_wanted(answer, interface) ||
        answer->descriptors - *next < interface->queues) {
        return error_set(failure, TAPGRANT_FAILED, speaker(answer),
                         "did not give what was asked for");
    }
    code = take_queues(answer, next, made, interface, set->device[n], failure);
    if (code) {
        return code;
    }
    describe(made, interface, caller_uid(answer), answer->reply.is_elsewhere, set->device[n]);
    return TAPGRANT_OK;
}

int reply_take(struct answer *answer,
               const struct managed_set *set,
               struct tapgrant_error *failure) {
    size_t next = 0;

    for (size_t i = 0; i < set->count; i++) {
        int code = take_device(answer, &next, i, set, failure);

        if (code) {
            return code;
        }
    }
    if (next != answer->descriptors) {
        return error_set(failure, TAPGRANT_FAILED, speaker(answer),
                         "gave more descriptors than were asked for");
    }
    return TAPGRANT_OK;
}
