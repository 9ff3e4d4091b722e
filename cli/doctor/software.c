// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The host's other software: what of it may change a tap of ours, and whether a file that stops it
 * is in its folders.  A file is judged by a line that our example has, and that any file for the
 * same purpose must have.  docs/host-software.md has what each program does, and the tests that
 * show it.
 */
#include "cli/doctor/checks.h"

#include <dirent.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FOLDERS 6

struct files {
    const char *pattern;
    const char *folders[FOLDERS];
};

/* systemd.link(5) */
static const struct files link_files = {"*.link",
                                        {"/etc/systemd/network", "/run/systemd/network",
                                         "/usr/local/lib/systemd/network",
                                         "/usr/lib/systemd/network", "/lib/systemd/network"}};

/* systemd.network(5) */
static const struct files network_files = {"*.network",
                                           {"/etc/systemd/network", "/run/systemd/network",
                                            "/usr/local/lib/systemd/network",
                                            "/usr/lib/systemd/network", "/lib/systemd/network"}};

/* sysctl.d(5) */
static const struct files sysctl_files = {"*.conf",
                                          {"/etc/sysctl.d", "/run/sysctl.d",
                                           "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d",
                                           "/lib/sysctl.d"}};

/* NetworkManager.conf(5) */
static const struct files manager_files = {"*.conf",
                                           {"/etc/NetworkManager", "/etc/NetworkManager/conf.d",
                                            "/run/NetworkManager/conf.d",
                                            "/usr/lib/NetworkManager/conf.d"}};

/* Debian's and Fedora's nftables.service */
static const struct files nftables_files = {"nftables.conf", {"/etc", "/etc/sysconfig"}};

/* What a file must have a line for, blanks left out: fnmatch(3) patterns.  SECOND may be NULL. */
struct wanted_lines {
    const char *first;
    const char *second;
};

static void remove_blanks(char *line) {
    char *to = line;

    for (const char *from = line; *from; from++) {
        if (*from != ' ' && *from != '\t' && *from != '\n') {
            *to = *from;
            to++;
        }
    }
    *to = 0;
}

static bool file_has(const char *path, const struct wanted_lines *wanted) {
    FILE *file = fopen(path, "re");
    bool has_first = false;
    bool has_second = !wanted->second;
    char line[512];

    if (!file) {
        return false;
    }
    while (fgets(line, sizeof(line), file)) {
        remove_blanks(line);
        if (!fnmatch(wanted->first, line, 0)) {
            has_first = true;
        }
        if (wanted->second && !fnmatch(wanted->second, line, 0)) {
            has_second = true;
        }
    }
    fclose(file);
    return has_first && has_second;
}

static bool folder_has(const char *path, const char *pattern, const struct wanted_lines *wanted) {
    DIR *folder = opendir(path);
    struct dirent *entry;
    bool has = false;
    char file[512];

    if (!folder) {
        return false;
    }
    for (entry = readdir(folder); entry && !has; entry = readdir(folder)) {
        if (!fnmatch(pattern, entry->d_name, FNM_PERIOD)) {
            snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
            has = file_has(file, wanted);
        }
    }
    closedir(folder);
    return has;
}

/* Has one of the files, as far as the user may read them, both lines? */
static bool any_has(const struct files *files, const char *first, const char *second) {
    const struct wanted_lines wanted = {first, second};

    for (size_t i = 0; i < FOLDERS && files->folders[i]; i++) {
        if (folder_has(files->folders[i], files->pattern, &wanted)) {
            return true;
        }
    }
    return false;
}

static bool udev_runs(void) {
    return !access("/run/udev/control", F_OK);
}

static bool udev_leaves_taps_alone(void) {
    return !any_has(&link_files, "MACAddressPolicy=persistent*", NULL) ||
           any_has(&link_files, "Kind=*tun*", "MACAddressPolicy=none*") ||
           any_has(&link_files, "Driver=*tun*", "MACAddressPolicy=none*");
}

/*
 * udev's default gives a new tap another address, some time after it was made: systemd.link(5),
 * MACAddressPolicy=.
 */
static void check_udev(struct findings *findings) {
    if (!udev_runs()) {
        findings_good(findings, "udev", "udev", "does not run: nobody changes a new tap's address");
    } else if (udev_leaves_taps_alone()) {
        findings_good(findings, "udev", "udev", "leaves a new tap's address alone");
    } else {
        findings_bad(findings, "udev", "udev",
                     "install -D -m 0644 " EXAMPLES
                     "/10-tapgrant.link /etc/systemd/network/10-tapgrant.link",
                     "MACAddressPolicy=persistent may change a new tap's address");
    }
}

static bool sysctl_has_pattern(void) {
    return any_has(&sysctl_files, "net[./]ipv[46][./]conf[./][*][./]*", NULL) ||
           any_has(&sysctl_files, "-net[./]ipv[46][./]conf[./][*][./]*=*", NULL);
}

/*
 * For each new link udev runs systemd-sysctl with the settings that are for many links:
 * rules.d/99-systemd.rules.
 */
static void check_sysctl(struct findings *findings) {
    if (!udev_runs() || !sysctl_has_pattern()) {
        return;
    }
    if (any_has(&sysctl_files, "net[./]ipv4[./]conf[./]tg*[./]rp_filter*", NULL)) {
        findings_good(findings, "sysctl", "sysctl.d",
                      "keeps the settings of an interface without a bridge");
    } else {
        findings_warn(findings, "sysctl", "sysctl.d",
                      "install -D -m 0644 " EXAMPLES
                      "/tapgrant-sysctl.conf /etc/sysctl.d/90-tapgrant.conf",
                      "a net.ipv*.conf.* setting replaces what the helper has set on an interface "
                      "without a bridge");
    }
}

/* Its folders are there where it never ran (tmpfiles.d); its state is not. */
static void check_networkd(struct findings *findings) {
    if (access("/run/systemd/netif/state", F_OK)) {
        return;
    }
    if (any_has(&network_files, "Name=*quota.tapgrant.*", NULL)) {
        findings_good(findings, "networkd", "networkd", "has a file for the taps of tapgrant");
    } else {
        findings_warn(findings, "networkd", "networkd",
                      "install -D -m 0644 " EXAMPLES
                      "/10-tapgrant.network /etc/systemd/network/10-tapgrant.network && "
                      "networkctl reload",
                      "a file of its own that matches every interface would configure a new tap, "
                      "and ask the guest for an address");
    }
}

static void check_network_manager(struct findings *findings) {
    if (access("/run/NetworkManager", F_OK)) {
        return;
    }
    if (any_has(&manager_files, "match-device=*interface-name:tg*", "managed=0*") ||
        any_has(&manager_files, "unmanaged-devices*=*interface-name:tg*", NULL)) {
        findings_good(findings, "networkmanager", "NetworkManager",
                      "leaves taps named tg... alone");
    } else {
        findings_warn(findings, "networkmanager", "NetworkManager",
                      "install -D -m 0644 " EXAMPLES "/tapgrant-networkmanager.conf "
                      "/etc/NetworkManager/conf.d/10-tapgrant.conf && nmcli general reload",
                      "makes a connection of its own out of a tap on a bridge: deactivating it "
                      "takes the tap off");
    }
}

/* Only root may ask which rules are loaded. */
static void check_nftables(struct findings *findings) {
    if (any_has(&nftables_files, "include*tapgrant*", NULL) ||
        any_has(&nftables_files, "table*tapgrant*", NULL)) {
        findings_good(findings, "nftables", "nftables",
                      "has rules for guests' frames (what is loaded, only root can see)");
    } else {
        findings_warn(findings, "nftables", "nftables",
                      "install -D -m 0644 " EXAMPLES "/tapgrant.nft /etc/nftables/tapgrant.nft && "
                      "echo 'include \"/etc/nftables/tapgrant.nft\"' >>/etc/nftables.conf && "
                      "nft -f /etc/nftables/tapgrant.nft",
                      "no file of its names tapgrant (what is loaded, only root can see): guests' "
                      "spanning tree frames, and claims of another's IP address, may pass a "
                      "bridge");
    }
}

/* A new check of other software gets its row here. */
static void (*const checks[])(struct findings *findings) = {
    check_udev, check_sysctl, check_networkd, check_network_manager, check_nftables,
};

void check_software(struct findings *findings) {
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        checks[i](findings);
    }
}
