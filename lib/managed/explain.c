// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The helper's refusals in words: what happened, to what, and what to do.  The helper tells as little as it can; what
 * else there is to say this process finds out with its own rights.
 */
#include "lib/managed/explain.h"
#include "lib/error.h"
#include "lib/roads.h"

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

static bool is_traced(void) {
    char line[128];
    long tracer = 0;
    FILE *file = fopen("/proc/self/status", "re");

    while (file && fgets(line, sizeof(line), file))
        if (!strncmp(line, "TracerPid:", 10)) tracer = strtol(line + 10, NULL, 10);
    if (file) fclose(file);
    return tracer;
}

/* The helper ran and had no privilege: what of our process or of its file took it? */
static int explain_unprivileged(struct tapgrant_error *error) {
    struct stat helper, user;
    struct statvfs file_system;

    if (!stat("/proc/self/ns/user", &user) && user.st_ino != INITIAL_USER_NAMESPACE) {
        error_set(error, TAPGRANT_FAILED, HELPER_PATH, "has no privilege in a user namespace");
        error_hint(error, "open the interface outside the namespace and pass the descriptor in, as tapgrant run does");
    } else if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1) {
        error_set(error, TAPGRANT_FAILED, HELPER_PATH, "has no privilege: this process runs with no_new_privs");
        error_hint(error, "open the interface before it is set (systemd: NoNewPrivileges=no; QEMU: not -sandbox on, "
                          "but tapgrant run)");
    } else if (!stat(HELPER_PATH, &helper) && (helper.st_uid || !(helper.st_mode & S_ISUID))) {
        error_set(error, TAPGRANT_FAILED, HELPER_PATH, "is not setuid root");
        error_hint(error, "chown root:%u %s && chmod %o %s", helper.st_gid, HELPER_PATH, 04000 | (helper.st_mode & 07777),
                   HELPER_PATH);
    } else if (!statvfs(HELPER_PATH, &file_system) && file_system.f_flag & ST_NOSUID) {
        error_set(error, TAPGRANT_FAILED, HELPER_PATH, "has no privilege: it is on a file system mounted nosuid");
        error_hint(error, "mount -o remount,suid \"$(findmnt -nro TARGET -T %s)\"", HELPER_PATH);
    } else if (is_traced()) {
        error_set(error, TAPGRANT_FAILED, HELPER_PATH, "has no privilege: this process is being traced");
        error_hint(error, "run it without debugger or strace, or trace as root: strace -u USER");
    } else {
        error_set(error, TAPGRANT_FAILED, HELPER_PATH, "could not become privileged");
        error_hint(error, "is CAP_NET_ADMIN missing from this process's bounding set (CapBnd in /proc/self/status)?");
    }
    return TAPGRANT_FAILED;
}

/* ERRNUM is execve(2)'s. */
static int explain_execution(int errnum, struct tapgrant_error *error) {
    struct stat helper;

    if (error_is_lack(-errnum)) {
        return explain_call("execve(2)", -errnum, error);
    }
    error_set(error, TAPGRANT_FAILED, HELPER_PATH, "cannot be executed: %s", strerror(errnum));
    if (errnum == ENOENT) {
        error_hint(error, "install tapgrant's helper there: meson install");
    } else if (errnum == EACCES && !stat(HELPER_PATH, &helper) && !(helper.st_mode & S_IXOTH)) {
        error_hint(error, "only members of group %u may: add the user to it, and log in again", helper.st_gid);
    } else if (errnum == EACCES) {
        error_hint(error, "chmod 4755 it, and mount its file system without noexec");
    }
    return TAPGRANT_FAILED;
}

int explain_conversation(int failed, const char *call, int seconds, struct tapgrant_error *error) {
    char shown[40];

    if (failed == -ETIMEDOUT) {
        error_set(error, TAPGRANT_FAILED, HELPER_PATH, "did not end within %d seconds", seconds);
        error_hint(error, "is it stopped, or the machine overloaded? ps shows it; then try again");
        return TAPGRANT_FAILED;
    }
    if (failed == -ECANCELED) {
        return error_set(error, TAPGRANT_FAILED, "tapgrant",
                         "the process that waits for " HELPER_PATH " was killed");
    }
    if (!strcmp(call, "execve")) {
        return explain_execution(-failed, error);
    }
    snprintf(shown, sizeof(shown), "%s(2)", call);
    return explain_call(shown, failed, error);
}

/* One message for all that is wrong with the bridge, with the commands that mend it. */
static int explain_faults(uint32_t faults, const char *bridge, struct tapgrant_error *error) {
    char object[INTERFACE_DEV + 16], reason[400] = "", hint[400] = "";

    snprintf(object, sizeof(object), "bridge %s", bridge);
    if (faults & WIRE_FAULT_UNPINNED) {
        error_add(reason, sizeof(reason), "its MAC address is not fixed, so that a port could change it");
        error_add(hint, sizeof(hint), "ip link set %s address $(cat /sys/class/net/%s/address)", bridge, bridge);
    }
    if (faults & WIRE_FAULT_RA) {
        error_add(reason, sizeof(reason), "the host takes router advertisements on it, so that a guest could become its router");
        /* with slashes a dot in the name is no separator: sysctl(8) */
        error_add(hint, sizeof(hint), "sysctl -w net/ipv6/conf/%s/accept_ra=0", bridge);
    }
    if (faults & WIRE_FAULT_MTU) {
        error_add(reason, sizeof(reason), "the MTU asked for is below its own and could lower it for all");
        error_add(hint, sizeof(hint), "ask for its MTU, or leave mtu= out");
    }
    if (faults & WIRE_FAULT_MTU_RAISED) {
        error_add(reason, sizeof(reason),
                  "the MTU asked for is above its own and could raise it: "
                  "no port but taps has that or less");
        error_add(hint, sizeof(hint), "ask for its MTU, or leave mtu= out");
    }
    if (faults & WIRE_FAULT_MTU_IPV6) {
        error_add(reason, sizeof(reason), "its MTU is below %u, where a port has no setting that keeps IPv6 off", WIRE_MTU_IPV6);
        error_add(hint, sizeof(hint), "ip link set %s mtu %u", bridge, WIRE_MTU_IPV6);
    }
    error_set(error, TAPGRANT_DENIED, object, "%s", reason);
    error_hint(error, "%s", hint);
    return TAPGRANT_DENIED;
}

/* Somebody has the address that the guest (with lock-mac) or the tap itself was to have. */
static void explain_address(bool guest, const struct wire_device *told, const struct interface *interface, bool twice,
                            struct tapgrant_error *error) {
    char object[INTERFACE_DEV + 16], mac[WIRE_MAC_TEXT];

    snprintf(object, sizeof(object), "%s %s", guest ? "guest-mac" : "host-mac",
             wire_mac_text(guest ? told->guest_mac : told->host_mac, mac));
    if (guest && twice) {
        error_set(error, TAPGRANT_FAILED, object, "another interface of this request asks for it on bridge %s, too",
                  interface->bridge);
        error_hint(error, "with lock-mac a guest's address is one port's: give each interface another guest-mac");
        return;
    }
    error_set(error, TAPGRANT_FAILED, object, "another port of bridge %s%s has this address%s", interface->bridge,
              guest ? ", or the bridge itself," : "",
              guest || !wire_mac_absent(interface->host_mac) ? "" : ", which was to be the tap's own and is made from guest-mac");
    error_hint(error, "bridge fdb show br %s | grep %s tells which; ask for another %s, or wait until it is gone",
               interface->bridge, mac, guest ? "address" : "host-mac=");
}

/* At stage link, on the bridge: what is known of it, or false. */
static bool explain_port(int errnum, const struct wire_device *told, const struct interface *interface, bool twice,
                         struct tapgrant_error *error) {
    char object[INTERFACE_DEV + 16];

    if (errnum == EXFULL) {
        snprintf(object, sizeof(object), "bridge %s", interface->bridge);
        error_set(error, TAPGRANT_FAILED, object, "is full: a bridge has at most 1023 ports");
        error_hint(error, "ip link show master %s lists them; tapgrant delete takes away one's own", interface->bridge);
    } else if (errnum == EADDRINUSE || errnum == EADDRNOTAVAIL) {
        explain_address(errnum == EADDRINUSE, told, interface, twice, error);
    } else if (errnum == ESTALE) {
        error_object(interface, object);
        error_set(error, TAPGRANT_FAILED, object, "the kernel did not do all that it acknowledged (stage link)");
        error_hint(error, "another program may manage it too: tell NetworkManager, systemd-networkd or udev to leave it; "
                          "and lock-mac needs Linux 5.18 or later, isolate 4.18");
    }
    return errnum == EXFULL || errnum == EADDRINUSE || errnum == EADDRNOTAVAIL || errnum == ESTALE;
}

/* The limit that this process has is the one that the helper had: execve(2) keeps it. */
static bool explain_stack(struct tapgrant_error *error) {
    const rlim_t usual = 8192u << 10;
    struct rlimit limit;

    if (getrlimit(RLIMIT_STACK, &limit) || limit.rlim_cur >= WIRE_STACK) {
        return false;
    }
    error_set(error, TAPGRANT_FAILED, HELPER_PATH, "needs a stack of %u KiB, and the limit is %llu KiB", WIRE_STACK >> 10,
              (unsigned long long)limit.rlim_cur >> 10);
    if (limit.rlim_max >= WIRE_STACK) {
        error_hint(error, "ulimit -Ss %llu", (unsigned long long)(limit.rlim_max < usual ? limit.rlim_max : usual) >> 10);
    } else {
        error_hint(error, "raise the hard limit where it is set (limits.conf: stack; systemd: LimitSTACK=)");
    }
    return true;
}

/* The kernel said no: the words for what is known, errno and stage for the rest. */
static int explain_kernel(const struct wire_reply *reply, const struct interface *interface, bool twice,
                          struct tapgrant_error *error) {
    static const char *const stages[] = {"start", "request", "policy", "decide", "device", "quota", "link", "reply"};
    const char *stage = reply->stage < sizeof(stages) / sizeof(stages[0]) ? stages[reply->stage] : "unknown";
    char object[INTERFACE_DEV + 16];
    int errnum = (int)reply->error;

    if (reply->stage == WIRE_START && errnum == ENOMEM && explain_stack(error)) {
        return TAPGRANT_FAILED;
    }
    if (reply->stage == WIRE_DEVICE && (errnum == EACCES || errnum == ENOENT || errnum == ENODEV || errnum == ENXIO))
        return explain_tun_node(-errnum, error);
    if (reply->stage == WIRE_LINK && explain_port(errnum, &reply->device[reply->interface], interface, twice, error))
        return TAPGRANT_FAILED;
    if (reply->stage == WIRE_DECIDE && (errnum == EXDEV || errnum == ENOENT)) {
        snprintf(object, sizeof(object), "bridge %s", interface->bridge);
        error_set(error, TAPGRANT_FAILED, object, "/sys does not show this network namespace");
        error_hint(error, "mount -t sysfs sysfs /sys within the namespace, as ip netns exec does");
        return TAPGRANT_FAILED;
    }
    error_object(interface, object);
    error_set(error, TAPGRANT_FAILED, object, "%s (the kernel, at stage %s of tapgrant-helper)", strerror(errnum), stage);
    if (errnum == EOPNOTSUPP) error_hint(error, "Linux 5.9 or later is needed");
    if (errnum == EMFILE || errnum == ENFILE) error_hint(error, "raise the limit of open files: ulimit -n");
    if (errnum == EBUSY && reply->stage == WIRE_DEVICE)
        error_hint(error, "another process attaches to every multi-queue tap before it has an owner: find it");
    return TAPGRANT_FAILED;
}

int explain_refusal(const struct wire_reply *reply, const struct interface *interface, const char *spec, bool twice,
                    struct tapgrant_error *error) {
    const struct wire_device *told = &reply->device[reply->interface];
    char object[INTERFACE_DEV + 16], bridge[WIRE_NAME];
    const char *quote;

    switch (reply->status) {
    case WIRE_DENIED:
        snprintf(object, sizeof(object), "bridge %s", interface->bridge[0] ? interface->bridge : "none");
        error_set(error, TAPGRANT_DENIED, object, "denied by policy");
        quote = spec[0] && !spec[strspn(spec, SHELL_PLAIN)] ? "" : "'";
        error_hint(error, "tapgrant check --net %s%s%s shows why", quote, spec, quote);
        return TAPGRANT_DENIED;
    case WIRE_UNFIT_BRIDGE: /* by the kernel's name: the one asked for may be an alternative one */
        snprintf(bridge, sizeof(bridge), "%.15s", told->bridge[0] ? told->bridge : interface->bridge);
        return explain_faults(reply->faults, bridge, error);
    case WIRE_OVER_QUOTA:
        error_set(error, TAPGRANT_QUOTA, error_object(interface, object), "rule %.32s allows %u at one time, and all are held",
                  told->rule, told->slot);
        error_hint(error, "tapgrant list shows them; end what holds one, or tapgrant delete a persistent one");
        return TAPGRANT_QUOTA;
    case WIRE_NAME_TAKEN:
        error_set(error, TAPGRANT_DEVICE, error_object(interface, object), "exists already");
        error_hint(error, "add managed=no to use it as it is, or tapgrant delete %s", interface->dev);
        return TAPGRANT_DEVICE;
    case WIRE_UNPRIVILEGED: return explain_unprivileged(error);
    case WIRE_FAILED: return explain_kernel(reply, interface, twice, error);
    default: return error_set(error, TAPGRANT_FAILED, HELPER_PATH, "answers what it cannot mean (%u)", reply->status);
    }
}

int explain_silence(int wait_status, struct tapgrant_error *error) {
    if (WIFSIGNALED(wait_status))
        return error_set(error, TAPGRANT_FAILED, HELPER_PATH, "was ended by signal %d before it answered", WTERMSIG(wait_status));
    return error_set(error, TAPGRANT_FAILED, HELPER_PATH, "ended with status %d and no answer", WEXITSTATUS(wait_status));
}
