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

static void check_node(struct findings *findings) {
    struct stat node = {0};
    int fd = open(NODE, O_RDWR | O_CLOEXEC), failed = errno;

    stat(NODE, &node);
    if (fd >= 0) {
        close(fd);
        findings_good(findings, "tun", NODE, "open to you (mode %04o)", node.st_mode & 07777);
    } else if (failed == EACCES) {
        findings_bad(findings, "tun", NODE,
                     (node.st_mode & 6) == 6 ? "ausearch -m AVC -ts recent, or getfacl " NODE ", shows why" : "chmod 0666 " NODE,
                     "not open to you (owner %u, group %u, mode %04o)", node.st_uid,
                     node.st_gid, node.st_mode & 07777);
    } else {
        findings_bad(findings, "tun", NODE,
                     "modprobe tun; [ -c " NODE " ] || { mkdir -p /dev/net; mknod -m 0666 " NODE " c 10 200; }",
                     "cannot be opened: %s", strerror(failed));
    }
}

/*
 * The helper is asked for what it must deny: a denial shows that it is there, executable, privileged and of this
 * version; anything else is the library's own explanation.
 */
static void check_helper(struct findings *findings) {
    struct tapgrant_device *device;
    struct tapgrant_error error;
    int code = tapgrant_open("bridge=tapgrant-doctor", &device, &error);

    if (code == TAPGRANT_DENIED)
        findings_good(findings, "helper", HELPER_PATH, "privileged, and answers");
    else if (code)
        findings_bad(findings, "helper", error.object, error.hint, "%s", error.reason);
    else
        tapgrant_close(device);
}

static void check_kernel(struct findings *findings) {
    unsigned major = 0, minor = 0;
    struct utsname names;

    if (uname(&names) || sscanf(names.release, "%u.%u", &major, &minor) != 2) return;
    if (major * 1000 + minor < 5009)
        findings_bad(findings, "kernel", "kernel", "install Linux 5.9 or later, and start it",
                     "%s: no alternative names (5.5), which quotas are kept in, or no close_range (5.9)", names.release);
    else if (major * 1000 + minor < 5018)
        findings_good(findings, "kernel", "kernel", "%s; no locked bridge ports (5.18)", names.release);
    else
        findings_good(findings, "kernel", "kernel", "%s; alternative names, locked bridge ports", names.release);
}

static char first_byte(const char *path) {
    FILE *file = fopen(path, "re");
    int byte = file ? fgetc(file) : 0;

    if (file) fclose(file);
    return (char)byte;
}

/* Nothing where it does not enforce.  A label that no loaded module knows is shown as another; behind its type it has a level
 * or, in a policy without levels, nothing. */
static void check_selinux(struct findings *findings) {
    char label[256] = "";

    if (first_byte(SELINUX "enforce") != '1') return;
    if (getxattr(HELPER_PATH, "security.selinux", label, sizeof(label) - 1) < 0 || !strstr(label, ":tapgrant_exec_t"))
        findings_warn(findings, "selinux", "SELinux", "load it, and label the files: tapgrant_selinux(8)",
                      "enforces, and " HELPER_PATH " does not have the label of tapgrant's module");
    else
        findings_good(findings, "selinux", "SELinux", "enforces, with tapgrant's module");
}

void checks_host(struct findings *findings) {
    check_node(findings);
    check_helper(findings);
    check_kernel(findings);
    check_selinux(findings);
}
