// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * /proc/PID/fdinfo/N of a tap's queue has a line "iff:\tNAME" (drivers/net/tun.c,
 * tun_chr_show_fdinfo()).  It does not say in which network namespace NAME is.  So processes of
 * other namespaces are left out.
 */
#include "apply/holders.h"
#include "wire/text.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define TUN_MAJOR 10 /* /dev/net/tun: Documentation/admin-guide/devices.txt */
#define TUN_MINOR 200
#define PATH_ROOM 320

static bool is_number(const char *name) {
    return *name && !name[strspn(name, "0123456789")];
}

/* The name of the tap that descriptor FD of process PID is a queue of.  False: it is no queue. */
static bool read_queue(const char *pid, const char *fd, char dev[WIRE_NAME]) {
    static const char prefix[] = "iff:\t";
    struct stat stat_of;
    char path[PATH_ROOM];
    char line[128];
    bool found = false;
    FILE *file;
    int error;

    snprintf(path, sizeof(path), "/proc/%.16s/fd/%.16s", pid, fd);
    error = stat(path, &stat_of);
    if (error || !S_ISCHR(stat_of.st_mode) || stat_of.st_rdev != makedev(TUN_MAJOR, TUN_MINOR)) {
        return false;
    }
    snprintf(path, sizeof(path), "/proc/%.16s/fdinfo/%.16s", pid, fd);
    file = fopen(path, "re");
    if (!file) {
        return false;
    }
    while (!found && fgets(line, sizeof(line), file)) {
        line[strcspn(line, "\n")] = 0;
        found = !strncmp(line, prefix, strlen(prefix)) && strlen(line + strlen(prefix)) < WIRE_NAME;
    }
    fclose(file);
    if (found) {
        snprintf(dev, WIRE_NAME, "%.*s", WIRE_NAME - 1, line + strlen(prefix));
    }
    return found && dev[0];
}

/* In our network namespace? */
static bool is_here(const char *pid) {
    struct stat own;
    struct stat other;
    char path[PATH_ROOM];
    int error = stat("/proc/self/ns/net", &own);

    snprintf(path, sizeof(path), "/proc/%.16s/ns/net", pid);
    if (!error) {
        error = stat(path, &other);
    }
    return !error && own.st_ino == other.st_ino && own.st_dev == other.st_dev;
}

/* The name of its file, because a process can call itself what it likes. */
static void read_program(const char *pid, char program[HOLDER_PROGRAM]) {
    char path[PATH_ROOM];
    char target[4096];
    char shown[sizeof(target)];
    ssize_t length;
    const char *name;

    program[0] = 0;
    snprintf(path, sizeof(path), "/proc/%.16s/exe", pid);
    length = readlink(path, target, sizeof(target) - 1);
    if (length <= 0) {
        return;
    }
    target[length] = 0;
    name = strrchr(target, '/');
    text_printable(name ? name + 1 : target, shown, sizeof(shown));
    snprintf(program, HOLDER_PROGRAM, "%.*s", HOLDER_PROGRAM - 1, shown);
}

/* Once for each process, however many queues of the tap it has. */
static void add(struct holders *holders, const struct holder *holder) {
    struct holder *more;

    for (size_t i = 0; i < holders->count; i++) {
        if (holders->holder[i].pid == holder->pid && !strcmp(holders->holder[i].dev, holder->dev)) {
            return;
        }
    }
    if (holders->count == holders->room) {
        more = reallocarray(holders->holder, holders->room * 2 + 64, sizeof(*more));
        if (!more) {
            return;
        }
        holders->holder = more;
        holders->room = holders->room * 2 + 64;
    }
    holders->holder[holders->count] = *holder;
    holders->count++;
}

static void read_process(struct holders *holders, const char *pid) {
    struct holder holder = {.pid = (pid_t)strtol(pid, NULL, 10)};
    const struct dirent *entry;
    struct stat stat_of;
    char path[PATH_ROOM];
    DIR *folder;
    int error;

    if (holder.pid == getpid() || !is_here(pid)) {
        return;
    }
    snprintf(path, sizeof(path), "/proc/%.16s", pid);
    error = stat(path, &stat_of);
    if (error) {
        return;
    }
    holder.uid = stat_of.st_uid;
    read_program(pid, holder.program);
    snprintf(path, sizeof(path), "/proc/%.16s/fd", pid);
    folder = opendir(path);
    if (!folder) {
        return;
    }
    for (entry = readdir(folder); entry; entry = readdir(folder)) {
        if (is_number(entry->d_name) && read_queue(pid, entry->d_name, holder.dev)) {
            add(holders, &holder);
        }
    }
    closedir(folder);
}

void holders_read(struct holders *holders) {
    const struct dirent *entry;
    DIR *folder = opendir("/proc");

    *holders = (struct holders){0};
    if (!folder) {
        return;
    }
    for (entry = readdir(folder); entry; entry = readdir(folder)) {
        if (is_number(entry->d_name)) {
            read_process(holders, entry->d_name);
        }
    }
    closedir(folder);
}

void holders_free(struct holders *holders) {
    free(holders->holder);
    *holders = (struct holders){0};
}

size_t holders_of(const struct holders *holders,
                  const char *dev,
                  struct holder found[],
                  size_t count) {
    size_t number = 0;

    for (size_t i = 0; i < holders->count; i++) {
        if (strcmp(holders->holder[i].dev, dev)) {
            continue;
        }
        if (number < count) {
            found[number] = holders->holder[i];
        }
        number++;
    }
    return number;
}
