// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Managed interfaces: the privileged step is asked for all of them at once.  There are two ways to
 * it, and the service's is the first:
 *
 *   what is met at its socket                what is done
 *   no connection, or another listener       the setuid helper is executed
 *   "other network namespace"                the same: it acts in the caller's own
 *   either, and netns=host is asked for      an error: the helper is not the way
 *   "busy"                                   once more, until the deadline; then TAPGRANT_BUSY
 *   the end, before an answer                once more, then an error
 *   any other answer                         that is the answer
 */
#include "lib/managed/managed.h"
#include "lib/error.h"
#include "lib/managed/access.h"
#include "lib/managed/explain.h"
#include "lib/managed/helper_process.h"
#include "lib/managed/reply.h"

#include <errno.h>
#include <linux/if_tun.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

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
    for (size_t i = 0; i < n && i < set->count; i++) {
        const struct interface *earlier = set->interface[i];

        if (!strcmp(earlier->bridge, refused->bridge) &&
            !memcmp(earlier->guest_mac, refused->guest_mac, sizeof(refused->guest_mac))) {
            return true;
        }
    }
    return false;
}

static int explain_reply(const struct answer *answer,
                         const struct wire_request *request,
                         const struct managed_set *set,
                         struct tapgrant_error *failure) {
    size_t n = answer->reply.interface;
    const struct refusal refusal = {.request = request,
                                    .reply = &answer->reply,
                                    .device = &answer->reply.device[n],
                                    .interface = set->interface[n],
                                    .spec = set->spec[n],
                                    .is_of_service = answer->is_of_service,
                                    .is_mac_asked_twice = is_mac_asked_twice(set, n)};

    return explain_refusal(&refusal, failure);
}

/* Sends the request to the setuid helper.  *IS_CLOSED: that way is closed to this process. */
static int ask_helper(const struct wire_request *request,
                      struct answer *answer,
                      bool *is_closed,
                      struct tapgrant_error *failure) {
    int error;
    int code;

    *is_closed = !access_helper_can_work();
    if (*is_closed) {
        return access_explain_unprivileged(failure);
    }
    error = helper_converse(HELPER_PATH, request, answer);
    if (error) {
        *is_closed = answer->failed_call && !strcmp(answer->failed_call, "execve") &&
                     !error_is_lack(error);
        return explain_conversation(answer->failed_call, error, failure);
    }
    code = reply_check(answer, request->count, failure);
    *is_closed = !code && answer->reply.status == WIRE_UNPRIVILEGED;
    return code;
}

static bool is_other_netns(const struct answer *answer) {
    const struct wire_reply *reply = &answer->reply;

    return answer->size >= WIRE_REPLY_FIRST && reply->magic == WIRE_MAGIC &&
           reply->version == WIRE_VERSION && reply->status == WIRE_OTHER_NETNS;
}

static bool is_the_way(const struct service_state *service) {
    if (service->outcome == SERVICE_UNREACHABLE || service->outcome == SERVICE_UNTRUSTED) {
        return false;
    }
    return !service->is_in_other_netns;
}

static size_t count_host_netns(const struct managed_set *set) {
    size_t count = 0;

    for (size_t i = 0; i < set->count; i++) {
        count += set->interface[i]->host_netns;
    }
    return count;
}

/* Sends the request to the service.  If *SERVICE is not the way, nothing is explained. */
static int ask_service(const struct wire_request *request,
                       struct service_state *service,
                       struct answer *answer,
                       struct tapgrant_error *failure) {
    *service = (struct service_state){.outcome = SERVICE_ANSWERED};
    service->outcome = service_converse(request, answer, &service->fault);
    if (service->outcome == SERVICE_ANSWERED) {
        service->is_in_other_netns = is_other_netns(answer);
        service->interface = answer->reply.interface;
    }
    if (!is_the_way(service)) {
        message_discard(answer);
        return TAPGRANT_FAILED;
    }
    answer->is_of_service = true;
    if (service->outcome != SERVICE_ANSWERED) {
        return explain_service(service->outcome, answer->failed_call, service->fault.error,
                               failure);
    }
    return reply_check(answer, request->count, failure);
}

static int take_answer(struct answer *answer,
                       const struct wire_request *request,
                       const struct managed_set *set,
                       struct tapgrant_error *failure) {
    int code;

    if (answer->reply.status != WIRE_GRANTED) {
        return explain_reply(answer, request, set, failure);
    }
    code = reply_take(answer, set, failure);
    if (code) {
        return code;
    }
    return make_persistent(set, failure);
}

/*
 * The service was not the way for a set that asks for netns=host.  The helper is not asked: it acts
 * in the network namespace of this process.
 */
static int explain_host_netns(const struct service_state *service,
                              const struct managed_set *set,
                              struct tapgrant_error *failure) {
    size_t n = service->interface < set->count ? service->interface : 0;

    if (!service->is_in_other_netns) {
        return access_explain_host_netns(service, failure);
    }
    if (count_host_netns(set) < set->count) {
        error_set(failure, TAPGRANT_USAGE, "--net",
                  "interfaces with netns=host and others are asked for at once, from another "
                  "network namespace than the service's");
        error_hint(failure, "ask for them by two calls");
        return TAPGRANT_USAGE;
    }
    return explain_other_netns(set->interface[n], set->spec[n], failure);
}

static int converse(struct answer *answer,
                    const struct managed_set *set,
                    struct tapgrant_error *failure) {
    struct service_state service;
    struct wire_request request;
    bool is_closed = false;
    int code;

    fill_request(&request, set);
    code = ask_service(&request, &service, answer, failure);
    if (!is_the_way(&service) && count_host_netns(set)) {
        return explain_host_netns(&service, set, failure);
    }
    if (!is_the_way(&service)) {
        code = ask_helper(&request, answer, &is_closed, failure);
    }
    if (!code) {
        code = take_answer(answer, &request, set, failure);
    }
    /* neither way is open: one line says why of both */
    return is_closed ? access_add_service(&service, failure) : code;
}

int managed_open(const struct managed_set *set, struct tapgrant_error *failure) {
    struct answer *answer = calloc(1, sizeof(*answer));
    int code;

    if (!answer) {
        return explain_no_memory(failure);
    }
    code = converse(answer, set, failure);
    message_discard(answer);
    free(answer);
    return code;
}

/* Any decision of the policy shows that the way is open. */
static bool is_decision(const struct wire_reply *reply) {
    return reply->status == WIRE_GRANTED || reply->status == WIRE_DENIED;
}

static int try_way(enum tapgrant_way way,
                   const struct managed_set *set,
                   struct answer *answer,
                   struct tapgrant_error *failure) {
    struct service_state service;
    struct wire_request request;
    bool is_closed;
    int code;

    fill_request(&request, set);
    if (way == TAPGRANT_SETUID_HELPER) {
        code = ask_helper(&request, answer, &is_closed, failure);
    } else {
        code = ask_service(&request, &service, answer, failure);
        if (!is_the_way(&service)) {
            code = access_explain_service(&service, failure);
        }
    }
    if (code || is_decision(&answer->reply)) {
        return code;
    }
    return explain_reply(answer, &request, set, failure);
}

int managed_access(enum tapgrant_way way, struct tapgrant_error *failure) {
    struct answer *answer = calloc(1, sizeof(*answer));
    struct interface interface;
    struct interface_fault fault;
    struct managed_set set = {.interface = {&interface}, .spec = {MANAGED_NO_BRIDGE}, .count = 1};
    int code;

    if (!answer) {
        return explain_no_memory(failure);
    }
    if (interface_parse(&interface, MANAGED_NO_BRIDGE, &fault)) {
        code = error_set(failure, TAPGRANT_USAGE, fault.object, "%s", fault.reason);
    } else {
        code = try_way(way, &set, answer, failure);
    }
    message_discard(answer);
    free(answer);
    return code;
}
