// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The host: what every managed and unmanaged interface needs.
 */
#include "cli/doctor/checks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/xattr.h>
#include <unistd.h>

#define NODE "/dev/net/tun"
#define SELINUX "/sys/fs/selinux/"

static void report_closed_node(struct findings *findings, const struct stat *node) {
    bool is_open_to_all = (node->st_mode & 06) == 06;
    const char *hint = "chmod 0666 " NODE;

    if (is_open_to_all) {
        hint = "ausearch -m AVC -ts recent, or getfacl " NODE ", shows why";
    }
    findings_bad(findings, "tun", NODE, hint, "not open to you (owner %u, group %u, mode %04o)",
                 node->st_uid, node->st_gid, node->st_mode & 07777);
}

static void check_node(struct findings *findings) {
    struct stat node = {.st_mode = 0};
    int fd = open(NODE, O_RDWR | O_CLOEXEC);
    int error = fd < 0 ? -errno : 0;

    stat(NODE, &node);
    if (!error) {
        close(fd);
        findings_good(findings, "tun", NODE, "open to you (mode %04o)", node.st_mode & 07777);
    } else if (error == -EACCES) {
        report_closed_node(findings, &node);
    } else {
        findings_bad(findings, "tun", NODE,
                     "modprobe tun; [ -c " NODE " ] || "
                     "{ mkdir -p /dev/net; mknod -m 0666 " NODE " c 10 200; }",
                     "cannot be opened: %s", strerror(-error));
    }
}

static void check_kernel(struct findings *findings) {
    unsigned major = 0;
    unsigned minor = 0;
    unsigned version;
    struct utsname names;

    if (uname(&names) || sscanf(names.release, "%u.%u", &major, &minor) != 2) {
        return;
    }
    version = major * 1000 + minor;
    if (version < 5009) {
        findings_bad(findings, "kernel", "kernel", "install Linux 5.9 or later, and start it",
                     "%s: no alternative names (5.5), which quotas are kept in, "
                     "or no close_range (5.9)",
                     names.release);
    } else if (version < 5018) {
        findings_good(findings, "kernel", "kernel", "%s; no locked bridge ports (5.18)",
                      names.release);
    } else {
        findings_good(findings, "kernel", "kernel", "%s; alternative names, locked bridge ports",
                      names.release);
    }
}

static bool selinux_enforces(void) {
    FILE *file = fopen(SELINUX "enforce", "re");
    int byte;

    if (!file) {
        return false;
    }
    byte = fgetc(file);
    fclose(file);
    return byte == '1';
}

/*
 * Nothing is said where SELinux does not enforce.  A label that no loaded module knows is shown as
 * another one.  Behind its type a label has a level or, in a policy without levels, nothing.
 */
static void check_selinux(struct findings *findings) {
    char label[256] = "";
    bool is_labelled;

    if (!selinux_enforces()) {
        return;
    }
    is_labelled = getxattr(HELPER_PATH, "security.selinux", label, sizeof(label) - 1) >= 0 &&
                  strstr(label, ":tapgrant_exec_t");
    if (is_labelled) {
        findings_good(findings, "selinux", "SELinux", "enforces, with tapgrant's module");
    } else {
        findings_warn(findings, "selinux", "SELinux",
                      "load it, and label the files: tapgrant_selinux(8)",
                      "enforces, and " HELPER_PATH " does not have the label of tapgrant's module");
    }
}

/* A new check of the host gets its row here. */
static void (*const checks[])(struct findings *findings) = {
    check_node,
    check_kernel,
    check_selinux,
};

void check_host(struct findings *findings) {
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        checks[i](findings);
    }
}
