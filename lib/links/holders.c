// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who holds a device, as far as /proc lets this process see.
 */
#include "lib/error.h"
#include "lib/links/links.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROC_PATH 600 /* bytes; more than any path below /proc/PID needs */
#define DIGITS "0123456789"

/* What a descriptor is looked for by. */
struct sought {
    const char *name; /* of a tap; NULL: a macvtap is sought, by its node */
    dev_t node;
};

/* *LACK keeps the error for which something could not be opened, if it is not one of rights. */
static void note_lack(int *lack) {
    if (error_is_lack(-errno)) {
        *lack = -errno;
    }
}

/*
 * /proc/PID/fdinfo/N of a tap's queue has the line "iff:\tNAME": drivers/net/tun.c,
 * tun_chr_show_fdinfo().
 */
static bool is_queue(const char *path, const char *name, int *lack) {
    char line[128];
    char wanted[WIRE_NAME + 8];
    FILE *file = fopen(path, "re");
    bool found = false;

    if (!file) {
        note_lack(lack);
        return false;
    }
    snprintf(wanted, sizeof(wanted), "iff:\t%s\n", name);
    while (!found && fgets(line, sizeof(line), file)) {
        found = !strcmp(line, wanted);
    }
    fclose(file);
    return found;
}

static bool is_node(const char *path, dev_t node) {
    struct stat file;

    return !stat(path, &file) && S_ISCHR(file.st_mode) && file.st_rdev == node;
}

static bool is_held_by(const char *pid, const struct sought *sought, int *lack) {
    const char *descriptors = sought->name ? "fdinfo" : "fd";
    const struct dirent *entry;
    bool found = false;
    char path[PROC_PATH];
    DIR *folder;

    snprintf(path, sizeof(path), "/proc/%s/%s", pid, descriptors);
    folder = opendir(path);
    if (!folder) {
        note_lack(lack);
        return false;
    }
    for (entry = readdir(folder); entry && !found; entry = readdir(folder)) {
        if (entry->d_name[strspn(entry->d_name, DIGITS)]) {
            continue;
        }
        snprintf(path, sizeof(path), "/proc/%s/%s/%s", pid, descriptors, entry->d_name);
        found = sought->name ? is_queue(path, sought->name, lack) : is_node(path, sought->node);
    }
    closedir(folder);
    return found;
}

/*
 * A descriptor shows the name of its device, but not the network namespace.  A process in another
 * namespace may hold another device of this name.  If it holds ours, it is not found.
 */
static bool is_elsewhere(const char *pid) {
    struct stat own;
    struct stat other;
    char path[PROC_PATH];

    snprintf(path, sizeof(path), "/proc/%s/ns/net", pid);
    if (stat("/proc/self/ns/net", &own) || stat(path, &other)) {
        return false;
    }
    return own.st_ino != other.st_ino;
}

/* Stores up to COUNT, and returns how many there are.  *LACK: 0, or why some were not seen. */
static size_t find_holders(const struct sought *sought, pid_t holders[], size_t count, int *lack) {
    const struct dirent *entry;
    DIR *folder = opendir("/proc");
    size_t found = 0;

    *lack = 0;
    if (!folder) {
        note_lack(lack);
        return 0;
    }
    for (entry = readdir(folder); entry; entry = readdir(folder)) {
        const char *pid = entry->d_name;

        if (pid[strspn(pid, DIGITS)] || !is_held_by(pid, sought, lack)) {
            continue;
        }
        if (sought->name && is_elsewhere(pid)) {
            continue;
        }
        if (found < count) {
            holders[found] = (pid_t)strtol(pid, NULL, 10);
        }
        found++;
    }
    closedir(folder);
    return found;
}

size_t links_holders(const char *name, pid_t holders[], size_t count) {
    const struct sought sought = {.name = name};
    int lack;

    return find_holders(&sought, holders, count, &lack);
}

int links_holder(const char *name, bool except_us, pid_t *holder) {
    const struct sought sought = {.name = name};
    pid_t holders[2];
    int lack;
    size_t count = find_holders(&sought, holders, 2, &lack);

    for (size_t i = 0; i < count && i < 2; i++) {
        *holder = holders[i];
        if (!except_us || *holder != getpid()) {
            return 1;
        }
    }
    return lack;
}

int links_node_holder(dev_t node, pid_t *holder) {
    const struct sought sought = {.node = node};
    int lack;

    return find_holders(&sought, holder, 1, &lack) ? 1 : lack;
}
