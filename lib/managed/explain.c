// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The helper's refusals in words: what happened, to what, and what to do.  The helper tells as
 * little as it can.  What else there is to say, this process finds out with its own rights.
 */
#include "lib/managed/explain.h"
#include "lib/error.h"
#include "lib/existing/existing.h"
#include "lib/managed/helper_process.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>

#define SHELL_PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=.,:/@%"
#define INITIAL_USER_NAMESPACE 0xEFFFFFFDu /* PROC_USER_INIT_INO, include/linux/proc_ns.h */
#define USUAL_STACK (8192u << 10)          /* bytes: the limit that Linux starts with */
#define PIECES 400                         /* bytes of what error_add() puts together */

static bool is_in_user_namespace(void) {
    struct stat namespace;

    return !stat("/proc/self/ns/user", &namespace) && namespace.st_ino != INITIAL_USER_NAMESPACE;
}

static bool is_traced(void) {
    static const char key[] = "TracerPid:";
    char line[128];
    long tracer = 0;
    FILE *file = fopen("/proc/self/status", "re");

    if (!file) {
        return false;
    }
    while (fgets(line, sizeof(line), file)) {
        if (!strncmp(line, key, strlen(key))) {
            tracer = strtol(line + strlen(key), NULL, 10);
        }
    }
    fclose(file);
    return tracer;
}

static bool is_setuid_root(const struct stat *helper) {
    return !helper->st_uid && helper->st_mode & S_ISUID;
}

static bool is_on_nosuid(const char *path) {
    struct statvfs file_system;

    return !statvfs(path, &file_system) && file_system.f_flag & ST_NOSUID;
}

/* The helper ran without privilege: what about this process or about its file took it away? */
static int explain_unprivileged(struct tapgrant_error *failure) {
    const int code = TAPGRANT_FAILED;
    struct stat helper;

    if (is_in_user_namespace()) {
        error_set(failure, code, HELPER_PATH, "has no privilege in a user namespace");
        error_hint(failure, "open the interface outside the namespace and pass the descriptor in, "
                            "as tapgrant run does");
    } else if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1) {
        error_set(failure, code, HELPER_PATH,
                  "has no privilege: this process runs with no_new_privs");
        error_hint(failure, "open the interface before it is set (systemd: NoNewPrivileges=no; "
                            "QEMU: not -sandbox on, but tapgrant run)");
    } else if (!stat(HELPER_PATH, &helper) && !is_setuid_root(&helper)) {
        error_set(failure, code, HELPER_PATH, "is not setuid root");
        error_hint(failure, "chown root:%u %s && chmod %o %s", helper.st_gid, HELPER_PATH,
                   04000 | (helper.st_mode & 07777), HELPER_PATH);
    } else if (is_on_nosuid(HELPER_PATH)) {
        error_set(failure, code, HELPER_PATH,
                  "has no privilege: it is on a file system mounted nosuid");
        error_hint(failure, "mount -o remount,suid \"$(findmnt -nro TARGET -T %s)\"", HELPER_PATH);
    } else if (is_traced()) {
        error_set(failure, code, HELPER_PATH, "has no privilege: this process is being traced");
        error_hint(failure, "run it without debugger or strace, or trace as root: strace -u USER");
    } else {
        error_set(failure, code, HELPER_PATH, "could not become privileged");
        error_hint(failure, "is CAP_NET_ADMIN missing from this process's bounding set (CapBnd in "
                            "/proc/self/status)?");
    }
    return code;
}

/* ERROR is execve(2)'s. */
static int explain_execution(int error, struct tapgrant_error *failure) {
    struct stat helper;

    if (error_is_lack(error)) {
        return explain_call("execve(2)", error, failure);
    }
    error_set(failure, TAPGRANT_FAILED, HELPER_PATH, "cannot be executed: %s", strerror(-error));
    if (error == -ENOENT) {
        error_hint(failure, "install tapgrant's helper there: meson install");
    } else if (error == -EACCES && !stat(HELPER_PATH, &helper) && !(helper.st_mode & S_IXOTH)) {
        error_hint(failure, "only members of group %u may: add the user to it, and log in again",
                   helper.st_gid);
    } else if (error == -EACCES) {
        error_hint(failure, "chmod 4755 it, and mount its file system without noexec");
    }
    return TAPGRANT_FAILED;
}

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
        return explain_execution(error, failure);
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

static int explain_denial(const struct refusal *refusal, struct tapgrant_error *failure) {
    const char *bridge = refusal->interface->bridge;
    const char *spec = refusal->spec;
    bool is_plain = spec[0] && !spec[strspn(spec, SHELL_PLAIN)];
    const char *quote = is_plain ? "" : "'";
    char object[ERROR_OBJECT];

    snprintf(object, sizeof(object), "bridge %s", bridge[0] ? bridge : "none");
    error_set(failure, TAPGRANT_DENIED, object, "denied by policy");
    error_hint(failure, "tapgrant check --net %s%s%s shows why", quote, spec, quote);
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
    error_set(failure, TAPGRANT_DENIED, object, "%s", reason);
    error_hint(failure, "%s", hint);
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

    error_set(failure, TAPGRANT_DEVICE, error_object(refusal->interface, object), "exists already");
    error_hint(failure, "add managed=no to use it as it is, or tapgrant delete %s",
               refusal->interface->dev);
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
        return TAPGRANT_FAILED;
    }
    error_set(failure, TAPGRANT_FAILED, object,
              "another port of bridge %s, or the bridge itself, has this address", bridge);
    error_hint(failure,
               "bridge fdb show br %s | grep %s tells which; "
               "ask for another address, or wait until it is gone",
               bridge, mac);
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
    return TAPGRANT_FAILED;
}

static int explain_full_bridge(const struct refusal *refusal, struct tapgrant_error *failure) {
    const char *bridge = refusal->interface->bridge;
    char object[ERROR_OBJECT];

    snprintf(object, sizeof(object), "bridge %s", bridge);
    error_set(failure, TAPGRANT_FAILED, object, "is full: a bridge has at most 1023 ports");
    error_hint(failure, "ip link show master %s lists them; tapgrant delete takes away one's own",
               bridge);
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
              "%s (the kernel, at stage %s of tapgrant-helper)", strerror(-error), stage);
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
    if (error == -ENOMEM && !getrlimit(RLIMIT_STACK, &limit) && limit.rlim_cur < WIRE_STACK) {
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

int explain_refusal(const struct refusal *refusal, struct tapgrant_error *failure) {
    switch (refusal->reply->status) {
    case WIRE_DENIED:
        return explain_denial(refusal, failure);
    case WIRE_UNFIT_BRIDGE:
        return explain_faults(refusal, failure);
    case WIRE_OVER_QUOTA:
        return explain_quota(refusal, failure);
    case WIRE_NAME_TAKEN:
        return explain_taken(refusal, failure);
    case WIRE_UNPRIVILEGED:
        return explain_unprivileged(failure);
    case WIRE_FAILED:
        return explain_kernel(refusal, failure);
    default:
        return error_set(failure, TAPGRANT_FAILED, HELPER_PATH, "answers what it cannot mean (%u)",
                         refusal->reply->status);
    }
}
