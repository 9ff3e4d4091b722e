// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who holds a device, as far as /proc tells who asks.
 */
#include "lib/links/links.h"

#include <dirent.h>
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

/* /proc/PID/fdinfo/N of a tap's queue has a line "iff:\tNAME" (drivers/net/tun.c, tun_chr_show_fdinfo). */
static bool is_queue(const char *path, const char *name) {
    char line[128], wanted[WIRE_NAME + 8];
    FILE *file = fopen(path, "re");
    bool found = false;

    snprintf(wanted, sizeof(wanted), "iff:\t%s\n", name);
    while (file && !found && fgets(line, sizeof(line), file)) found = !strcmp(line, wanted);
    if (file) fclose(file);
    return found;
}

static bool is_node(const char *path, dev_t node) {
    struct stat stat_of;

    return !stat(path, &stat_of) && S_ISCHR(stat_of.st_mode) && stat_of.st_rdev == node;
}

static bool holds(const char *pid, const struct sought *sought) {
    const char *folder_of = sought->name ? "fdinfo" : "fd";
    struct dirent *entry;
    bool found = false;
    char path[300];
    DIR *folder;

    snprintf(path, sizeof(path), "/proc/%s/%s", pid, folder_of);
    folder = opendir(path);
    while (folder && !found && (entry = readdir(folder))) {
        if (entry->d_name[0] == '.') continue;
        if (snprintf(path, sizeof(path), "/proc/%s/%s/%s", pid, folder_of, entry->d_name) >= (int)sizeof(path)) continue;
        found = sought->name ? is_queue(path, sought->name) : is_node(path, sought->node);
    }
    if (folder) closedir(folder);
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

static size_t find_holders(const struct sought *sought, pid_t holders[], size_t count) {
    struct dirent *entry;
    DIR *folder = opendir("/proc");
    size_t found = 0;

    while (folder && (entry = readdir(folder))) {
        if (entry->d_name[strspn(entry->d_name, "0123456789")] || !holds(entry->d_name, sought)) continue;
        if (sought->name && is_elsewhere(entry->d_name)) continue;
        if (found < count) holders[found] = (pid_t)atoi(entry->d_name);
        found++;
    }
    if (folder) closedir(folder);
    return found;
}

size_t query_holders(const char *name, pid_t holders[], size_t count) {
    return find_holders(&(struct sought){.name = name}, holders, count);
}

bool query_other_holder(const char *name, pid_t *holder) {
    pid_t holders[2];
    size_t count = query_holders(name, holders, 2);

    for (size_t i = 0; i < count && i < 2; i++) {
        *holder = holders[i];
        if (*holder != getpid()) return true;
    }
    return false;
}

size_t query_node_holders(dev_t node, pid_t holders[], size_t count) {
    return find_holders(&(struct sought){.node = node}, holders, count);
}
