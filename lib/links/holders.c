// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who holds a device, as far as /proc tells who asks.
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

/* What a descriptor is looked for by: the tap's name, or the macvtap's node. */
struct sought {
    const char *name;
    dev_t node;
};

/* *LACK keeps why something could not be opened, if that is no matter of rights. */
static void note_lack(int *lack) {
    if (error_is_lack(-errno)) {
        *lack = errno;
    }
}

/* /proc/PID/fdinfo/N of a tap's queue has a line "iff:\tNAME" (drivers/net/tun.c, tun_chr_show_fdinfo). */
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
    struct stat stat_of;

    return !stat(path, &stat_of) && S_ISCHR(stat_of.st_mode) && stat_of.st_rdev == node;
}

static bool holds(const char *pid, const struct sought *sought, int *lack) {
    const char *folder_of = sought->name ? "fdinfo" : "fd";
    struct dirent *entry;
    bool found = false;
    char path[300];
    DIR *folder;

    snprintf(path, sizeof(path), "/proc/%s/%s", pid, folder_of);
    folder = opendir(path);
    if (!folder) {
        note_lack(lack);
        return false;
    }
    while (!found && (entry = readdir(folder))) {
        if (entry->d_name[0] == '.') continue;
        if (snprintf(path, sizeof(path), "/proc/%s/%s/%s", pid, folder_of, entry->d_name) >= (int)sizeof(path)) continue;
        found = sought->name ? is_queue(path, sought->name, lack) : is_node(path, sought->node);
    }
    closedir(folder);
    return found;
}

/*
 * A descriptor shows the device's name and not its network namespace: another namespace's device may have that name.  Who
 * holds ours from another one is not found then.
 */
static bool is_elsewhere(const char *pid) {
    struct stat own, other;
    char path[300];

    snprintf(path, sizeof(path), "/proc/%s/ns/net", pid);
    return !stat("/proc/self/ns/net", &own) && !stat(path, &other) && own.st_ino != other.st_ino;
}

/* Up to COUNT of them; how many there are.  *LACK: 0, or why some could not be looked at. */
static size_t find_holders(const struct sought *sought, pid_t holders[], size_t count, int *lack) {
    struct dirent *entry;
    DIR *folder = opendir("/proc");
    size_t found = 0;

    *lack = 0;
    if (!folder) {
        note_lack(lack);
        return 0;
    }
    while ((entry = readdir(folder))) {
        if (entry->d_name[strspn(entry->d_name, "0123456789")]) {
            continue;
        }
        if (!holds(entry->d_name, sought, lack)) {
            continue;
        }
        if (sought->name && is_elsewhere(entry->d_name)) {
            continue;
        }
        if (found < count) {
            holders[found] = (pid_t)atoi(entry->d_name);
        }
        found++;
    }
    closedir(folder);
    return found;
}

size_t links_holders(const char *name, pid_t holders[], size_t count) {
    int lack;

    return find_holders(&(struct sought){.name = name}, holders, count, &lack);
}

int links_holder(const char *name, bool except_us, pid_t *holder) {
    pid_t holders[2];
    int lack;
    size_t count = find_holders(&(struct sought){.name = name}, holders, 2, &lack);

    for (size_t i = 0; i < count && i < 2; i++) {
        *holder = holders[i];
        if (!except_us || *holder != getpid()) {
            return 1;
        }
    }
    return -lack;
}

int links_node_holder(dev_t node, pid_t *holder) {
    int lack;

    return find_holders(&(struct sought){.node = node}, holder, 1, &lack) ? 1 : -lack;
}
