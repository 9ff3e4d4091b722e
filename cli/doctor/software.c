// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The host's other software: what of it may change a tap of ours, and whether a file that stops it is in its folders.
 * The files are judged by a word that is in the examples and that a file of one's own for the same must have, too.
 * docs/host-software.md has what each of them does, and the tests that show it.
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

/* systemd.link(5), systemd.network(5), sysctl.d(5), NetworkManager.conf(5); Debian's and Fedora's nftables.service */
static const struct files link_files = {"*.link",
                                        {"/etc/systemd/network", "/run/systemd/network", "/usr/local/lib/systemd/network",
                                         "/usr/lib/systemd/network", "/lib/systemd/network"}};
static const struct files network_files = {"*.network",
                                           {"/etc/systemd/network", "/run/systemd/network", "/usr/local/lib/systemd/network",
                                            "/usr/lib/systemd/network", "/lib/systemd/network"}};
static const struct files sysctl_files = {
    "*.conf", {"/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d"}};
static const struct files manager_files = {
    "*.conf",
    {"/etc/NetworkManager", "/etc/NetworkManager/conf.d", "/run/NetworkManager/conf.d", "/usr/lib/NetworkManager/conf.d"}};
static const struct files nftables_files = {"nftables.conf", {"/etc", "/etc/sysconfig"}};

static void remove_blanks(char *line) {
    char *to = line;

    for (const char *from = line; *from; from++)
        if (!strchr(" \t\n", *from)) *to++ = *from;
    *to = 0;
}

/* A file with a line that matches WORDS[0], and one that matches WORDS[1], blanks left out. */
static bool file_has(const char *path, const char *const words[2]) {
    FILE *file = fopen(path, "re");
    bool has[2] = {false, !words[1]};
    char line[512];

    while (file && fgets(line, sizeof(line), file)) {
        remove_blanks(line);
        for (int i = 0; i < 2; i++) has[i] |= words[i] && !fnmatch(words[i], line, 0);
    }
    if (file) fclose(file);
    return has[0] && has[1];
}

/* One of the files, that who asks may read, has a line that matches FIRST, and one that matches SECOND (may be NULL). */
static bool any_has(const struct files *files, const char *first, const char *second) {
    const char *const words[2] = {first, second};
    char path[512];
    bool has = false;

    for (size_t i = 0; !has && i < FOLDERS && files->folders[i]; i++) {
        DIR *folder = opendir(files->folders[i]);

        for (struct dirent *entry; !has && folder && (entry = readdir(folder));) {
            snprintf(path, sizeof(path), "%s/%s", files->folders[i], entry->d_name);
            has = !fnmatch(files->pattern, entry->d_name, FNM_PERIOD) && file_has(path, words);
        }
        if (folder) closedir(folder);
    }
    return has;
}

/* udev's default gives a new tap another address, some time after it was made: systemd.link(5), MACAddressPolicy=. */
static void check_udev(struct findings *findings) {
    if (access("/run/udev/control", F_OK))
        findings_good(findings, "udev", "udev", "does not run: nobody changes a new tap's address");
    else if (!any_has(&link_files, "MACAddressPolicy=persistent*", NULL) ||
             any_has(&link_files, "Kind=*tun*", "MACAddressPolicy=none*") ||
             any_has(&link_files, "Driver=*tun*", "MACAddressPolicy=none*"))
        findings_good(findings, "udev", "udev", "leaves a new tap's address alone");
    else
        findings_bad(findings, "udev", "udev",
                     "install -D -m 0644 " EXAMPLES "/10-tapgrant.link /etc/systemd/network/10-tapgrant.link",
                     "MACAddressPolicy=persistent may change a new tap's address");
}

/* For each new interface udev runs systemd-sysctl with the settings that are for many: rules.d/99-systemd.rules. */
static void check_sysctl(struct findings *findings) {
    if (access("/run/udev/control", F_OK) || !(any_has(&sysctl_files, "net[./]ipv[46][./]conf[./][*][./]*", NULL) ||
                                               any_has(&sysctl_files, "-net[./]ipv[46][./]conf[./][*][./]*=*", NULL)))
        return;
    if (any_has(&sysctl_files, "net[./]ipv4[./]conf[./]tg*[./]rp_filter*", NULL))
        findings_good(findings, "sysctl", "sysctl.d", "keeps the settings of an interface without a bridge");
    else
        findings_warn(findings, "sysctl", "sysctl.d",
                      "install -D -m 0644 " EXAMPLES "/tapgrant-sysctl.conf /etc/sysctl.d/90-tapgrant.conf",
                      "a net.ipv*.conf.* setting replaces what the helper has set on an interface without a bridge");
}

/* Its folders are there where it never ran (tmpfiles.d); its state is not. */
static void check_networkd(struct findings *findings) {
    if (access("/run/systemd/netif/state", F_OK)) return;
    if (any_has(&network_files, "Name=*quota.tapgrant.*", NULL))
        findings_good(findings, "networkd", "networkd", "has a file for the taps of tapgrant");
    else
        findings_warn(findings, "networkd", "networkd",
                      "install -D -m 0644 " EXAMPLES "/10-tapgrant.network /etc/systemd/network/10-tapgrant.network && "
                      "networkctl reload",
                      "a file of its own that matches every interface would configure a new tap, and ask the guest for an "
                      "address");
}

static void check_network_manager(struct findings *findings) {
    if (access("/run/NetworkManager", F_OK)) return;
    if (any_has(&manager_files, "match-device=*interface-name:tg*", "managed=0*") ||
        any_has(&manager_files, "unmanaged-devices*=*interface-name:tg*", NULL))
        findings_good(findings, "networkmanager", "NetworkManager", "leaves taps named tg... alone");
    else
        findings_warn(findings, "networkmanager", "NetworkManager",
                      "install -D -m 0644 " EXAMPLES "/tapgrant-networkmanager.conf "
                      "/etc/NetworkManager/conf.d/10-tapgrant.conf && nmcli general reload",
                      "makes a connection of its own out of a tap on a bridge: deactivating it takes the tap off");
}

/* What is loaded only root may ask for. */
static void check_nftables(struct findings *findings) {
    if (any_has(&nftables_files, "include*tapgrant*", NULL) || any_has(&nftables_files, "table*tapgrant*", NULL))
        findings_good(findings, "nftables", "nftables", "has rules for guests' frames (what is loaded, only root can see)");
    else
        findings_warn(findings, "nftables", "nftables",
                      "install -D -m 0644 " EXAMPLES "/tapgrant.nft /etc/nftables/tapgrant.nft && "
                      "echo 'include \"/etc/nftables/tapgrant.nft\"' >>/etc/nftables.conf && nft -f /etc/nftables/tapgrant.nft",
                      "no file of its names tapgrant (what is loaded, only root can see): guests' spanning tree frames, and "
                      "claims of another's IP address, may pass a bridge");
}

void checks_software(struct findings *findings) {
    check_udev(findings);
    check_sysctl(findings);
    check_networkd(findings);
    check_network_manager(findings);
    check_nftables(findings);
}
