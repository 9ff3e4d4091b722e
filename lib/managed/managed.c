// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Managed interfaces: the helper is asked for all of them at once.
 */
#include "lib/managed/managed.h"
#include "lib/error.h"
#include "lib/managed/explain.h"
#include "lib/managed/helper_process.h"
#include "lib/managed/reply.h"

#include <errno.h>
#include <linux/if_tun.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static void fill_request(struct wire_request *request, const struct managed_set *set) {
    *request = (struct wire_request){.magic = WIRE_MAGIC,
                                     .version = WIRE_VERSION,
                                     .request_size = WIRE_REQUEST_HEADER,
                                     .interface_size = sizeof(struct wire_interface),
                                     .count = (uint32_t)set->count,
                                     .reply_size = WIRE_REPLY_HEADER,
                                     .device_size = sizeof(struct wire_device)};
    for (size_t i = 0; i < set->count; i++) {
        interface_to_wire(set->interface[i], &request->interface[i]);
    }
}

static void make_transient(const struct managed_set *set, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (set->device[i]->persist) {
            ioctl(set->device[i]->fd[0], TUNSETPERSIST, 0);
        }
    }
}

static int explain_persistence(const struct tapgrant_device *device,
                               int error,
                               struct tapgrant_error *failure) {
    char object[ERROR_OBJECT];

    return error_set(failure, TAPGRANT_FAILED, error_object_of(device->name, object),
                     "cannot be made persistent: %s", strerror(-error));
}

/*
 * The last step, and undone for all if it fails for one: a transient tap disappears when it is
 * closed.
 */
static int make_persistent(const struct managed_set *set, struct tapgrant_error *failure) {
    for (size_t i = 0; i < set->count; i++) {
        struct tapgrant_device *device = set->device[i];

        if (!set->interface[i]->persist) {
            continue;
        }
        if (ioctl(device->fd[0], TUNSETPERSIST, 1)) {
            int code = explain_persistence(device, -errno, failure);

            make_transient(set, i);
            return code;
        }
        device->persist = true;
    }
    return TAPGRANT_OK;
}

/* Does an interface before the Nth ask for its guest-mac on its bridge, too? */
static bool is_mac_asked_twice(const struct managed_set *set, size_t n) {
    const struct interface *refused = set->interface[n];

    if (wire_mac_absent(refused->guest_mac)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        const struct interface *earlier = set->interface[i];

        if (!strcmp(earlier->bridge, refused->bridge) &&
            !memcmp(earlier->guest_mac, refused->guest_mac, sizeof(refused->guest_mac))) {
            return true;
        }
    }
    return false;
}

static int explain_reply(const struct wire_reply *reply,
                         const struct managed_set *set,
                         struct tapgrant_error *failure) {
    size_t n = reply->interface;
    const struct refusal refusal = {.reply = reply,
                                    .device = &reply->device[n],
                                    .interface = set->interface[n],
                                    .spec = set->spec[n],
                                    .is_mac_asked_twice = is_mac_asked_twice(set, n)};

    return explain_refusal(&refusal, failure);
}

static int converse(struct answer *answer,
                    const struct managed_set *set,
                    struct tapgrant_error *failure) {
    struct wire_request request;
    int error;
    int code;

    fill_request(&request, set);
    error = helper_converse(HELPER_PATH, &request, answer);
    if (error) {
        return explain_conversation(answer->failed_call, error, failure);
    }
    code = reply_check(answer, set->count, failure);
    if (code) {
        return code;
    }
    if (answer->reply.status != WIRE_GRANTED) {
        return explain_reply(&answer->reply, set, failure);
    }
    code = reply_take(answer, set, failure);
    if (code) {
        return code;
    }
    return make_persistent(set, failure);
}

int managed_open(const struct managed_set *set, struct tapgrant_error *failure) {
    struct answer *answer = calloc(1, sizeof(*answer));
    int code;

    if (!answer) {
        return explain_no_memory(failure);
    }
    code = converse(answer, set, failure);
    for (size_t i = 0; i < answer->descriptors; i++) {
        if (answer->descriptor[i] >= 0) {
            close(answer->descriptor[i]);
        }
    }
    free(answer);
    return code;
}
