// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Refusals in words: what happened, to what, and what to do.  The privileged step tells as little
 * as it can.  What else there is to say, this process finds out with its own rights.
 */
#include "lib/managed/explain.h"
#include "lib/error.h"
#include "lib/existing/existing.h"
#include "lib/managed/access.h"
#include "lib/managed/helper_process.h"
#include "lib/managed/namespace.h"
#include "lib/managed/service.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHELL_PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=.,:/@%"
#define USUAL_STACK (8192u << 10)                   /* bytes: the limit that Linux starts with */
#define KNOWN_FAULTS (2u * WIRE_FAULT_MTU_IPV6 - 1) /* up to the last one */
#define PIECES 400                                  /* bytes of what error_add() puts together */
#define ON_HOST "on the host: " /* before a hint that does not help where this process is */

int explain_conversation(const char *call, int error, struct tapgrant_error *failure) {
    char page[40];

    if (error == -ETIMEDOUT) {
        error_set(failure, TAPGRANT_FAILED, HELPER_PATH, "did not end within %d seconds",
                  HELPER_SECONDS);
        error_hint(failure,
                   "is it stopped, or the machine overloaded? ps shows it; then try again");
        return TAPGRANT_FAILED;
    }
    if (error == -ECANCELED) {
        return error_set(failure, TAPGRANT_FAILED, "tapgrant",
                         "the process that waits for " HELPER_PATH " was killed");
    }
    if (!strcmp(call, "execve")) {
        return access_explain_execution(error, failure);
    }
    snprintf(page, sizeof(page), "%s(2)", call);
    return explain_call(page, error, failure);
}

int explain_silence(int wait_status, struct tapgrant_error *failure) {
    if (WIFSIGNALED(wait_status)) {
        return error_set(failure, TAPGRANT_FAILED, HELPER_PATH,
                         "was ended by signal %d before it answered", WTERMSIG(wait_status));
    }
    return error_set(failure, TAPGRANT_FAILED, HELPER_PATH, "ended with status %d and no answer",
                     WEXITSTATUS(wait_status));
}

static int explain_busy(struct tapgrant_error *failure) {
    error_set(failure, TAPGRANT_BUSY, EXPLAIN_SERVICE,
              "is busy, and did not take the request within %d seconds", SERVICE_SECONDS);
    error_hint(failure, "try again");
    return TAPGRANT_BUSY;
}

int explain_service(enum service_outcome outcome,
                    const char *call,
                    int error,
                    struct tapgrant_error *failure) {
    char page[40];

    if (outcome == SERVICE_BUSY) {
        return explain_busy(failure);
    }
    if (outcome == SERVICE_LATE) {
        error_set(failure, TAPGRANT_FAILED, EXPLAIN_SERVICE, "did not answer within %d seconds",
                  SERVICE_SECONDS);
        error_hint(failure, "is the machine overloaded? try again");
        return TAPGRANT_FAILED;
    }
    if (outcome == SERVICE_ENDED) {
        error_set(failure, TAPGRANT_FAILED, EXPLAIN_SERVICE,
                  "ended the connection before it answered, twice");
        error_hint(failure, "try again");
        return TAPGRANT_FAILED;
    }
    snprintf(page, sizeof(page), "%s(2)", call);
    return explain_call(page, error, failure);
}

static const char *speaker(const struct refusal *refusal) {
    return refusal->is_of_service ? EXPLAIN_SERVICE : HELPER_PATH;
}

/* The privileged program is newer than the library, which a running program keeps. */
static void hint_newer(struct tapgrant_error *failure) {
    error_hint(failure, "restart the program that uses the library, or upgrade the library");
}

/* The user and the network namespace are not those of who runs the command on the host. */
static void hint_check(const char *spec, bool is_elsewhere, struct tapgrant_error *failure) {
    bool is_plain = spec[0] && !spec[strspn(spec, SHELL_PLAIN)];
    const char *quote = is_plain ? "" : "'";
    char who[sizeof("--user 4294967295 --other-netns ")] = "";

    if (is_elsewhere && namespace_is_of_a_user()) {
        snprintf(who, sizeof(who), "--user UID --other-netns ");
    } else if (is_elsewhere) {
        snprintf(who, sizeof(who), "--user %u --other-netns ", geteuid());
    }
    error_hint(failure, "%stapgrant check %s--net %s%s%s", is_elsewhere ? ON_HOST : "", who, quote,
               spec, quote);
}

static int explain_denial(const struct refusal *refusal, struct tapgrant_error *failure) {
    const char *bridge = refusal->interface->bridge;
    char object[ERROR_OBJECT];

    snprintf(object, sizeof(object), "bridge %s", bridge[0] ? bridge : "none");
    error_set(failure, TAPGRANT_DENIED, object, "denied by policy");
    hint_check(refusal->spec, refusal->reply->is_elsewhere, failure);
    return TAPGRANT_DENIED;
}

int explain_other_netns(const struct interface *interface,
                        const char *spec,
                        struct tapgrant_error *failure) {
    const char *bridge = interface->bridge;
    char object[ERROR_OBJECT];

    snprintf(object, sizeof(object), "bridge %s", bridge[0] ? bridge : "none");
    error_set(failure, TAPGRANT_DENIED, object,
              "no rule of the policy allows it to a process in another network namespace");
    error_reason_code(failure, "other_netns");
    hint_check(spec, true, failure);
    return TAPGRANT_DENIED;
}

static void add_mtu_faults(uint32_t faults, const char *bridge, char *reason, char *hint) {
    if (faults & WIRE_FAULT_MTU) {
        error_add(reason, PIECES, "the MTU asked for is below its own and could lower it for all");
        error_add(hint, PIECES, "ask for its MTU, or leave mtu= out");
    }
    if (faults & WIRE_FAULT_MTU_RAISED) {
        error_add(reason, PIECES,
                  "the MTU asked for is above its own and could raise it: "
                  "no port but taps has that or less");
        error_add(hint, PIECES, "ask for its MTU, or leave mtu= out");
    }
    if (faults & WIRE_FAULT_MTU_IPV6) {
        error_add(reason, PIECES,
                  "its MTU is below %u, where a port has no setting that keeps IPv6 off",
                  WIRE_MTU_IPV6);
        error_add(hint, PIECES, "ip link set %s mtu %u", bridge, WIRE_MTU_IPV6);
    }
}

/* One message for all that is wrong with the bridge, with the commands that correct it. */
static int explain_faults(const struct refusal *refusal, struct tapgrant_error *failure) {
    const char *kernels_name = refusal->device->bridge; /* not an alternative one */
    uint32_t faults = refusal->reply->faults;
    char bridge[WIRE_NAME];
    char object[ERROR_OBJECT];
    char reason[PIECES] = "";
    char hint[PIECES] = "";

    snprintf(bridge, sizeof(bridge), "%.15s",
             kernels_name[0] ? kernels_name : refusal->interface->bridge);
    snprintf(object, sizeof(object), "bridge %s", bridge);
    if (faults & WIRE_FAULT_UNPINNED) {
        error_add(reason, sizeof(reason),
                  "its MAC address is not fixed, so that a port could change it");
        error_add(hint, sizeof(hint), "ip link set %s address $(cat /sys/class/net/%s/address)",
                  bridge, bridge);
    }
    if (faults & WIRE_FAULT_RA) {
        error_add(reason, sizeof(reason),
                  "the host takes router advertisements on it, "
                  "so that a guest could become its router");
        /* between slashes, a dot in the name separates nothing: sysctl(8) */
        error_add(hint, sizeof(hint), "sysctl -w net/ipv6/conf/%s/accept_ra=0", bridge);
    }
    add_mtu_faults(faults, bridge, reason, hint);
    if (faults & ~KNOWN_FAULTS || !faults) {
        error_add(reason, sizeof(reason),
                  "it is not fit for a reason that this library does not know (faults %u)", faults);
    }
    error_set(failure, TAPGRANT_DENIED, object, "%s", reason);
    if (hint[0]) {
        error_hint(failure, "%s", hint);
    } else {
        hint_newer(failure);
    }
    error_reason_code(failure, "unfit_bridge");
    return TAPGRANT_DENIED;
}

static int explain_quota(const struct refusal *refusal, struct tapgrant_error *failure) {
    char object[ERROR_OBJECT];

    error_set(failure, TAPGRANT_QUOTA, error_object(refusal->interface, object),
              "rule %.32s allows %u at one time, and all are held", refusal->device->rule,
              refusal->device->slot);
    error_hint(failure, "tapgrant list shows them; end what holds one, or tapgrant delete a "
                        "persistent one");
    return TAPGRANT_QUOTA;
}

static int explain_taken(const struct refusal *refusal, struct tapgrant_error *failure) {
    char object[ERROR_OBJECT];

    error_set(failure, TAPGRANT_DEVICE, error_object(refusal->interface, object),
              "exists already%s",
              refusal->interface->host_netns ? " in the service's network namespace" : "");
    if (refusal->interface->host_netns) {
        error_hint(failure, "ask for another dev=, or leave it out");
    } else {
        error_hint(failure, "ask for another dev=; tapgrant doctor %s shows what it is",
                   refusal->interface->dev);
    }
    error_reason_code(failure, "name_taken");
    return TAPGRANT_DEVICE;
}

/* Another port has the guest's address, which lock-mac gives to one port alone. */
static int explain_guest_mac(const struct refusal *refusal, struct tapgrant_error *failure) {
    const char *bridge = refusal->interface->bridge;
    char mac[WIRE_MAC_TEXT];
    char object[sizeof("guest-mac ") + WIRE_MAC_TEXT];

    wire_mac_text(refusal->device->guest_mac, mac);
    snprintf(object, sizeof(object), "guest-mac %s", mac);
    if (refusal->is_mac_asked_twice) {
        error_set(failure, TAPGRANT_FAILED, object,
                  "another interface of this request asks for it on bridge %s, too", bridge);
        error_hint(failure, "with lock-mac a guest's address is one port's: "
                            "give each interface another guest-mac");
        error_reason_code(failure, "address_taken");
        return TAPGRANT_FAILED;
    }
    error_set(failure, TAPGRANT_FAILED, object,
              "another port of bridge %s, or the bridge itself, has this address", bridge);
    error_hint(failure,
               "bridge fdb show br %s | grep %s tells which; "
               "ask for another address, or wait until it is gone",
               bridge, mac);
    error_reason_code(failure, "address_taken");
    return TAPGRANT_FAILED;
}

/* Another port has the tap's own address. */
static int explain_host_mac(const struct refusal *refusal, struct tapgrant_error *failure) {
    const char *bridge = refusal->interface->bridge;
    bool is_derived = wire_mac_absent(refusal->interface->host_mac);
    char mac[WIRE_MAC_TEXT];
    char object[sizeof("host-mac ") + WIRE_MAC_TEXT];

    wire_mac_text(refusal->device->host_mac, mac);
    snprintf(object, sizeof(object), "host-mac %s", mac);
    error_set(failure, TAPGRANT_FAILED, object, "another port of bridge %s has this address%s",
              bridge,
              is_derived ? ", which was to be the tap's own and is made from guest-mac" : "");
    error_hint(failure,
               "bridge fdb show br %s | grep %s tells which; "
               "ask for another host-mac=, or wait until it is gone",
               bridge, mac);
    error_reason_code(failure, "address_taken");
    return TAPGRANT_FAILED;
}

static int explain_full_bridge(const struct refusal *refusal, struct tapgrant_error *failure) {
    const char *bridge = refusal->interface->bridge;
    char object[ERROR_OBJECT];

    snprintf(object, sizeof(object), "bridge %s", bridge);
    error_set(failure, TAPGRANT_FAILED, object, "is full: a bridge has at most 1023 ports");
    error_hint(failure, "ip link show master %s lists them; tapgrant delete takes away one's own",
               bridge);
    error_reason_code(failure, "bridge_full");
    return TAPGRANT_FAILED;
}

static int explain_not_done(const struct refusal *refusal, struct tapgrant_error *failure) {
    char object[ERROR_OBJECT];

    error_set(failure, TAPGRANT_FAILED, error_object(refusal->interface, object),
              "the kernel did not do all that it acknowledged (stage link)");
    error_hint(failure,
               "another program may manage it too: tell NetworkManager, systemd-networkd "
               "or udev to leave it; and lock-mac needs Linux 5.18 or later, isolate 4.18");
    return TAPGRANT_FAILED;
}

static int explain_namespace(const struct refusal *refusal, struct tapgrant_error *failure) {
    char object[ERROR_OBJECT];

    snprintf(object, sizeof(object), "bridge %s", refusal->interface->bridge);
    error_set(failure, TAPGRANT_FAILED, object, "/sys does not show this network namespace");
    error_hint(failure, "mount -t sysfs sysfs /sys within the namespace, as ip netns exec does");
    return TAPGRANT_FAILED;
}

static int explain_stack(const struct rlimit *limit, struct tapgrant_error *failure) {
    unsigned long long wanted = limit->rlim_max < USUAL_STACK ? limit->rlim_max : USUAL_STACK;

    error_set(failure, TAPGRANT_FAILED, HELPER_PATH,
              "needs a stack of %u KiB, and the limit is %llu KiB", WIRE_STACK >> 10,
              (unsigned long long)limit->rlim_cur >> 10);
    if (limit->rlim_max >= WIRE_STACK) {
        error_hint(failure, "ulimit -Ss %llu", wanted >> 10);
    } else {
        error_hint(failure, "raise the hard limit where it is set "
                            "(limits.conf: stack; systemd: LimitSTACK=)");
    }
    return TAPGRANT_FAILED;
}

/* An error at a stage that has no words of its own. */
static int explain_other(const struct refusal *refusal, int error, struct tapgrant_error *failure) {
    static const char *const stages[] = {"start",  "request", "policy", "decide",
                                         "device", "quota",   "link",   "reply"};
    const char *stage = "unknown";
    uint32_t number = refusal->reply->stage;
    char object[ERROR_OBJECT];

    if (number < sizeof(stages) / sizeof(stages[0])) {
        stage = stages[number];
    }
    error_set(failure, TAPGRANT_FAILED, error_object(refusal->interface, object),
              "%s (the kernel, at stage %s of %s)", strerror(-error), stage,
              refusal->is_of_service ? "the service" : "tapgrant-helper");
    if (error == -EOPNOTSUPP) {
        error_hint(failure, "Linux 5.9 or later is needed");
    }
    if (error == -EMFILE || error == -ENFILE) {
        error_hint(failure, "raise the limit of open files: ulimit -n");
    }
    if (error == -EBUSY && number == WIRE_DEVICE) {
        error_hint(failure, "another process attaches to every multi-queue tap before it has an "
                            "owner: find it");
    }
    return TAPGRANT_FAILED;
}

static int explain_start(const struct refusal *refusal, int error, struct tapgrant_error *failure) {
    struct rlimit limit;

    /* execve(2) keeps the limit: the helper had the one that this process has */
    if (error == -ENOMEM && !refusal->is_of_service && !getrlimit(RLIMIT_STACK, &limit) &&
        limit.rlim_cur < WIRE_STACK) {
        return explain_stack(&limit, failure);
    }
    return explain_other(refusal, error, failure);
}

static int explain_decision(const struct refusal *refusal,
                            int error,
                            struct tapgrant_error *failure) {
    if (error == -EXDEV || error == -ENOENT) {
        return explain_namespace(refusal, failure);
    }
    return explain_other(refusal, error, failure);
}

static int explain_device(const struct refusal *refusal,
                          int error,
                          struct tapgrant_error *failure) {
    if (error == -EACCES || error == -ENOENT || error == -ENODEV || error == -ENXIO) {
        return explain_tun_node(error, failure);
    }
    return explain_other(refusal, error, failure);
}

static int explain_link(const struct refusal *refusal, int error, struct tapgrant_error *failure) {
    switch (error) {
    case -EXFULL:
        return explain_full_bridge(refusal, failure);
    case -EADDRINUSE:
        return explain_guest_mac(refusal, failure);
    case -EADDRNOTAVAIL:
        return explain_host_mac(refusal, failure);
    case -ESTALE:
        return explain_not_done(refusal, failure);
    default:
        return explain_other(refusal, error, failure);
    }
}

/* The kernel said no. */
static int explain_kernel(const struct refusal *refusal, struct tapgrant_error *failure) {
    int error = -(int)(refusal->reply->error & INT32_MAX);

    switch (refusal->reply->stage) {
    case WIRE_START:
        return explain_start(refusal, error, failure);
    case WIRE_DECIDE:
        return explain_decision(refusal, error, failure);
    case WIRE_DEVICE:
        return explain_device(refusal, error, failure);
    case WIRE_LINK:
        return explain_link(refusal, error, failure);
    default:
        return explain_other(refusal, error, failure);
    }
}

/* The service could not become the caller, or the helper could not become privileged. */
static int explain_unprivileged(const struct refusal *refusal, struct tapgrant_error *failure) {
    if (!refusal->is_of_service) {
        return access_explain_unprivileged(failure);
    }
    error_set(failure, TAPGRANT_FAILED, EXPLAIN_SERVICE,
              "could not take on the ids of this process");
    error_hint(failure, "its unit says what it may do: systemctl cat tapgrant.service");
    return TAPGRANT_FAILED;
}

/* The fields of an interface on the wire, by the key that asks for each. */
static const struct wire_interface shape;
static const struct field {
    const char *key;
    size_t offset;
    size_t size;
} fields[] = {
    {"dev", offsetof(struct wire_interface, dev), sizeof(shape.dev)},
    {"bridge", offsetof(struct wire_interface, bridge), sizeof(shape.bridge)},
    {"guest-mac", offsetof(struct wire_interface, guest_mac), sizeof(shape.guest_mac)},
    {"host-mac", offsetof(struct wire_interface, host_mac), sizeof(shape.host_mac)},
    {"mtu", offsetof(struct wire_interface, mtu), sizeof(shape.mtu)},
    {"queues", offsetof(struct wire_interface, queues), sizeof(shape.queues)},
    {"vnet-hdr", offsetof(struct wire_interface, vnet_hdr), sizeof(shape.vnet_hdr)},
    {"netns", offsetof(struct wire_interface, netns), sizeof(shape.netns)},
};

static bool is_asked(const struct wire_request *request, const struct field *field) {
    static const uint8_t zeros[sizeof(struct wire_interface)];

    for (uint32_t i = 0; i < request->count; i++) {
        const uint8_t *interface = (const uint8_t *)&request->interface[i];

        if (memcmp(interface + field->offset, zeros, field->size)) {
            return true;
        }
    }
    return false;
}

/* The other side is older: it has told how much of an interface it knows. */
static int explain_unknown_field(const struct refusal *refusal, struct tapgrant_error *failure) {
    char keys[PIECES] = "";

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        bool is_known = fields[i].offset + fields[i].size <= refusal->reply->interface_size;

        if (!is_known && is_asked(refusal->request, &fields[i])) {
            error_add(keys, sizeof(keys), "%s", fields[i].key);
        }
    }
    error_set(failure, TAPGRANT_FAILED, speaker(refusal),
              "is older than the program and does not know: %s",
              keys[0] ? keys : "something of the request");
    error_hint(failure, "upgrade tapgrant on the host, or leave that out");
    error_reason_code(failure, "unknown_field");
    return TAPGRANT_FAILED;
}

/* A status is added without a new version: an older library knows only that it is a refusal. */
static int explain_unknown_status(const struct refusal *refusal, struct tapgrant_error *failure) {
    uint32_t status = refusal->reply->status;

    if (status <= WIRE_UNKNOWN_FIELD) {
        return error_set(failure, TAPGRANT_FAILED, speaker(refusal),
                         "answers what it cannot mean (%u)", status);
    }
    error_set(failure, TAPGRANT_FAILED, speaker(refusal),
              "refuses for a reason that this library does not know (status %u)", status);
    hint_newer(failure);
    return TAPGRANT_FAILED;
}

/* What the hint says is to be done where the tap would be. */
static int move_hint(const struct refusal *refusal, int code, struct tapgrant_error *failure) {
    char hint[sizeof(failure->hint)];

    if (failure && failure->hint[0] && refusal->reply->is_elsewhere) {
        memcpy(hint, failure->hint, sizeof(hint));
        error_hint(failure, ON_HOST "%s", hint);
    }
    return code;
}

int explain_refusal(const struct refusal *refusal, struct tapgrant_error *failure) {
    switch (refusal->reply->status) {
    case WIRE_DENIED:
        return explain_denial(refusal, failure);
    case WIRE_UNFIT_BRIDGE:
        return move_hint(refusal, explain_faults(refusal, failure), failure);
    case WIRE_OVER_QUOTA:
        return move_hint(refusal, explain_quota(refusal, failure), failure);
    case WIRE_NAME_TAKEN:
        return explain_taken(refusal, failure);
    case WIRE_UNPRIVILEGED:
        return explain_unprivileged(refusal, failure);
    case WIRE_FAILED:
        return move_hint(refusal, explain_kernel(refusal, failure), failure);
    case WIRE_UNKNOWN_FIELD:
        return explain_unknown_field(refusal, failure);
    default:
        return explain_unknown_status(refusal, failure);
    }
}
