// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The throw-away host of tests/system/host.py: network and mount namespaces of its own on the real kernel.
 *
 *   host hold FOLDER                                     makes the namespaces, writes "ready", and holds them until
 *                                                        descriptor 0 ends; FOLDER is the private policy's
 *   host enter PID - COMMAND...                          executes COMMAND in the namespaces of PID, as root
 *   host enter PID UID:GID[:GROUP...] HOME COMMAND...    as that user, without capabilities and with a new environment
 *
 * A test makes a host and starts some ten commands in it.  This program is static and does with system calls what would
 * otherwise take a shell with twenty commands, and nsenter(1), setpriv(1) and env(1) for each command.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define GROUPS_MAX 1024

static void check(int result, const char *what) {
    if (result < 0) {
        fprintf(stderr, "host: %s: %s\n", what, strerror(errno));
        exit(126);
    }
}

static void make_node(const char *path, unsigned major_number, unsigned minor_number) {
    check(mknod(path, S_IFCHR | 0666, makedev(major_number, minor_number)), path);
}

static void make_devices(void) {
    check(mount("tmpfs", "/dev", "tmpfs", 0, "mode=0755"), "/dev");
    check(mkdir("/dev/net", 0755), "/dev/net");
    check(mkdir("/dev/pts", 0755), "/dev/pts");
    check(mkdir("/dev/shm", 01777), "/dev/shm");
    check(mount("devpts", "/dev/pts", "devpts", 0, "ptmxmode=0666"), "/dev/pts");
    make_node("/dev/null", 1, 3);
    make_node("/dev/zero", 1, 5);
    make_node("/dev/full", 1, 7);
    make_node("/dev/random", 1, 8);
    make_node("/dev/urandom", 1, 9);
    make_node("/dev/tty", 5, 0);
    make_node("/dev/ptmx", 5, 2);
    make_node("/dev/net/tun", 10, 200); /* of the mode that udev gives it on ordinary hosts */
}

/* /etc/NAME is a private copy from here on. */
static void make_private(const char *name) {
    char from[64];
    char copy[64];
    char buffer[65536];
    ssize_t length;

    snprintf(from, sizeof(from), "/etc/%s", name);
    snprintf(copy, sizeof(copy), "/dev/shm/%s", name);
    int source = open(from, O_RDONLY | O_CLOEXEC);
    if (source < 0 && errno == ENOENT) {
        return;
    }
    check(source, from);
    int target = open(copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    check(target, copy);
    while ((length = read(source, buffer, sizeof(buffer))) > 0) {
        check(write(target, buffer, (size_t)length) == length ? 0 : -1, copy);
    }
    check((int)length, from);
    close(source);
    close(target);
    check(mount(copy, from, NULL, MS_BIND, NULL), from);
}

static void set_loopback_up(void) {
    struct ifreq request = {.ifr_name = "lo"};
    int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    check(any, "socket");
    check(ioctl(any, SIOCGIFFLAGS, &request), "lo");
    request.ifr_flags |= IFF_UP;
    check(ioctl(any, SIOCSIFFLAGS, &request), "lo");
    close(any);
}

static int hold(const char *folder) {
    char byte;

    check(prctl(PR_SET_PDEATHSIG, SIGKILL), "prctl");
    check(unshare(CLONE_NEWNS | CLONE_NEWNET), "unshare");
    check(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "/");
    check(mount("sysfs", "/sys", "sysfs", 0, NULL), "/sys");
    umask(0);
    make_devices();
    umask(022);
    check(mount("tmpfs", folder, "tmpfs", 0, "mode=0755"), folder);
    make_private("passwd");
    make_private("group");
    make_private("subuid");
    make_private("subgid");
    set_loopback_up();
    check((int)write(STDOUT_FILENO, "ready\n", 6), "write");
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
    return 0;
}

static void enter_namespace(const char *process, const char *kind, int type) {
    char path[64];

    snprintf(path, sizeof(path), "/proc/%s/ns/%s", process, kind);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    check(file, path);
    check(setns(file, type), path);
    close(file);
}

/* IDENTITY: UID:GID[:GROUP...] */
static void become(char *identity, const char *home) {
    gid_t groups[GROUPS_MAX];
    size_t count = 0;
    char *rest = NULL;
    uid_t uid = (uid_t)strtoul(strtok_r(identity, ":", &rest), NULL, 10);
    const char *word = strtok_r(NULL, ":", &rest);
    gid_t gid = word ? (gid_t)strtoul(word, NULL, 10) : (gid_t)-1;

    while (word && count < GROUPS_MAX) {
        groups[count++] = (gid_t)strtoul(word, NULL, 10);
        word = strtok_r(NULL, ":", &rest);
    }
    check(setgroups(count, groups), "setgroups");
    check(setresgid(gid, gid, gid), "setresgid");
    check(setresuid(uid, uid, uid), "setresuid");
    clearenv();
    check(setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1), "setenv");
    check(setenv("HOME", home, 1), "setenv");
}

int main(int count, char **words) {
    if (count == 3 && !strcmp(words[1], "hold")) {
        return hold(words[2]);
    }
    if (count < 5 || strcmp(words[1], "enter")) {
        fprintf(stderr, "usage: host hold FOLDER | host enter PID -|IDENTITY [HOME] COMMAND...\n");
        return 2;
    }
    enter_namespace(words[2], "net", CLONE_NEWNET);
    enter_namespace(words[2], "mnt", CLONE_NEWNS);
    char **command = words + 4;
    if (strcmp(words[3], "-")) {
        become(words[3], words[4]);
        command++;
    }
    execvp(command[0], command);
    fprintf(stderr, "host: %s: %s\n", command[0], strerror(errno));
    return 127;
}
