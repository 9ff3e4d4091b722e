// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The host: what every managed and unmanaged interface needs.
 */
#include "checks.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#define NODE "/dev/net/tun"
#define LINK_FILE "/etc/systemd/network/70-tapgrant.link"

static void check_node(struct findings *findings) {
    struct stat node = {0};
    int fd = open(NODE, O_RDWR | O_CLOEXEC), failed = errno;

    stat(NODE, &node);
    if (fd >= 0) {
        close(fd);
        findings_good(findings, "tun", NODE, "open to you (mode %04o)", node.st_mode & 07777);
    } else if (failed == EACCES) {
        findings_bad(findings, "tun", NODE, "chmod 0666 " NODE, "not open to you (owner %u, group %u, mode %04o)", node.st_uid,
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

static bool file_has(const char *path, const char *const words[], size_t count) {
    char text[8192];
    FILE *file = fopen(path, "re");
    size_t length = file ? fread(text, 1, sizeof(text) - 1, file) : 0;
    bool has = file;

    if (file) fclose(file);
    text[length] = 0;
    for (size_t i = 0; has && i < count; i++) has = strstr(text, words[i]);
    return has;
}

/* A .link file of udev's with all the words, in the folders that systemd.link(5) names. */
static bool any_link_file_has(const char *const words[], size_t count) {
    static const char *const folders[] = {"/etc/systemd/network", "/run/systemd/network", "/usr/local/lib/systemd/network",
                                          "/usr/lib/systemd/network", "/lib/systemd/network"};
    char path[512];
    bool has = false;

    for (size_t i = 0; !has && i < sizeof(folders) / sizeof(folders[0]); i++) {
        DIR *folder = opendir(folders[i]);

        for (struct dirent *entry; !has && folder && (entry = readdir(folder));) {
            snprintf(path, sizeof(path), "%s/%s", folders[i], entry->d_name);
            has = !fnmatch("*.link", entry->d_name, 0) && file_has(path, words, count);
        }
        if (folder) closedir(folder);
    }
    return has;
}

/* udev's default gives a new tap another address, some time after it was made: systemd.link(5), MACAddressPolicy=. */
static void check_udev(struct findings *findings) {
    if (access("/run/udev/control", F_OK))
        findings_good(findings, "udev", "udev", "does not run: nobody changes a new tap's address");
    else if (!any_link_file_has((const char *const[]){"MACAddressPolicy=persistent"}, 1) ||
             any_link_file_has((const char *const[]){"Kind=tun", "MACAddressPolicy=none"}, 2))
        findings_good(findings, "udev", "udev", "leaves a new tap's address alone");
    else
        findings_bad(
            findings, "udev", "udev",
            "mkdir -p /etc/systemd/network; printf '[Match]\\nKind=tun\\n\\n[Link]\\nMACAddressPolicy=none\\n' >" LINK_FILE,
            "MACAddressPolicy=persistent may change a new tap's address");
}

void checks_host(struct findings *findings) {
    check_node(findings);
    check_helper(findings);
    check_kernel(findings);
    check_udev(findings);
}
