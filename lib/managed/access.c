// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The two ways to the privileged step: what keeps this process from one, and what would open it.
 * It is looked at, with the rights of this process, and not guessed.
 */
#include "lib/managed/access.h"
#include "lib/error.h"
#include "lib/managed/namespace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

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

/* What about this process, or about the file, took the privilege away? */
int access_explain_unprivileged(struct tapgrant_error *failure) {
    const int code = TAPGRANT_FAILED;
    struct stat helper;

    if (namespace_is_of_a_user()) {
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

int access_explain_execution(int error, struct tapgrant_error *failure) {
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

/*
 * no_new_privs takes the set-user-ID bit its effect, but not the privilege of root.  The helper
 * refuses by itself in a user namespace.
 */
bool access_helper_can_work(void) {
    bool keeps_its_ids = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;

    return !namespace_is_of_a_user() && !(keeps_its_ids && geteuid());
}

static void describe_service(const struct service_state *service, char *text, size_t size) {
    int error = service->fault.error;

    if (service->is_in_other_netns) {
        snprintf(text, size, "acts in another network namespace than this process is in");
    } else if (service->outcome == SERVICE_UNTRUSTED) {
        snprintf(text, size, "is not what listens at " SOCKET_PATH ", but a program of user %u",
                 service->fault.uid);
    } else if (error == -EAGAIN) {
        snprintf(text, size, "takes no connections at " SOCKET_PATH);
    } else {
        snprintf(text, size, "cannot be reached at " SOCKET_PATH ": %s", strerror(-error));
    }
}

static bool systemd_runs(void) {
    return !access("/run/systemd/system", F_OK);
}

/* Is the service's unit installed? */
static bool has_unit(void) {
    static const char *const units[] = {
        "/etc/systemd/system/tapgrant.socket",
        "/run/systemd/system/tapgrant.socket",
        "/usr/local/lib/systemd/system/tapgrant.socket",
        "/usr/lib/systemd/system/tapgrant.socket",
        "/lib/systemd/system/tapgrant.socket",
    };
    bool is_installed = false;

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        is_installed = is_installed || !access(units[i], F_OK);
    }
    return is_installed;
}

/* May only a group use the socket?  In a user namespace the group is not shown as it is. */
static bool is_for_a_group(struct stat *socket) {
    if (namespace_is_of_a_user() || stat(SOCKET_PATH, socket)) {
        return false;
    }
    return S_ISSOCK(socket->st_mode) && (socket->st_mode & (S_IWGRP | S_IWOTH)) == S_IWGRP;
}

/*
 * How the service is started on this host.  In a user namespace it refuses to start.  IS_HELPED:
 * the hint that is there opens the other way, which is less to do than to start it by hand.
 */
static void hint_start(bool is_helped, struct tapgrant_error *failure) {
    if (systemd_runs()) {
        if (has_unit()) {
            error_hint(failure, "systemctl enable --now tapgrant.socket");
        }
    } else if (!is_helped && !access(SERVICE_PATH, X_OK) && !namespace_is_of_a_user()) {
        error_hint(failure, "start the service, as root: " SERVICE_PATH " --listen " SOCKET_PATH);
    }
}

/* Replaces the hint if there is a command that opens the service to this process. */
static void hint_service(const struct service_state *service,
                         bool is_helped,
                         struct tapgrant_error *failure) {
    int error = service->fault.error;
    struct stat socket;

    if (service->is_in_other_netns) {
        error_hint(failure, "netns=host asks for a tap in the service's network namespace, and a "
                            "rule with allow-other-netns = yes allows it");
        return;
    }
    if (service->outcome != SERVICE_UNREACHABLE) {
        return;
    }
    if (error == -EACCES && is_for_a_group(&socket)) {
        error_hint(failure, "only members of group %u may: add the user to it, and log in again",
                   socket.st_gid);
    } else if (error == -ENOENT || error == -ECONNREFUSED) {
        hint_start(is_helped, failure);
    }
}

int access_explain_service(const struct service_state *service, struct tapgrant_error *failure) {
    char reason[ACCESS_REASON];

    describe_service(service, reason, sizeof(reason));
    error_set(failure, TAPGRANT_FAILED, EXPLAIN_SERVICE, "%s", reason);
    if (service->outcome == SERVICE_UNTRUSTED) {
        /* on a host that is set up as it should be, nobody can put a socket there */
        error_reason_code(failure, "untrusted");
        error_hint(failure, "ls -ld %.*s shows who may: the folder must be root's alone",
                   (int)(strrchr(SOCKET_PATH, '/') - SOCKET_PATH), SOCKET_PATH);
        return TAPGRANT_FAILED;
    }
    error_reason_code(failure, "no_access");
    hint_service(service, false, failure);
    return TAPGRANT_FAILED;
}

int access_add_service(const struct service_state *service, struct tapgrant_error *failure) {
    char reason[ACCESS_REASON];

    describe_service(service, reason, sizeof(reason));
    error_add_reason(failure, "and the service %s", reason);
    error_reason_code(failure, "no_access");
    hint_service(service, !access(HELPER_PATH, F_OK), failure);
    return TAPGRANT_FAILED;
}

int access_explain_host_netns(const struct service_state *service, struct tapgrant_error *failure) {
    int code = access_explain_service(service, failure);

    error_add_reason(failure, "and the setuid helper makes taps only in the network namespace of "
                              "this process, not for netns=host");
    return code;
}
