// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/bench/ways.h"
#include "helper/link/link.h"
#include "lib/tapgrant.h"
#include "tests/bench/bare.h"

#include <grp.h>
#include <pwd.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#define SET 64 /* interfaces of one request */

typedef int way_fn(char *words[], int count, struct span *span);

extern char **environ;
bool ways_keep;
static int kernel;

int64_t ways_now(void) {
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

int ways_connect(void) {
    kernel = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    return kernel < 0 || link_connect();
}

static int floor_way(char *words[], int count, struct span *span) {
    unsigned bridge = if_nametoindex(words[0]);
    int fds[SET], made = 0, wanted = count > 1 ? atoi(words[1]) : 1, failed = 0;
    struct ifreq tap;

    span->begin = ways_now();
    for (; !failed && made < wanted; made += !failed) {
        fds[made] = bare_open(&tap, "tap%d", 1);
        failed = fds[made] < 0 || bare_join(kernel, &tap, bridge);
    }
    span->first = span->end = ways_now();
    while (made > 0) close(fds[--made]);
    return failed;
}

static int secure_way(char *words[], int count, struct span *span) {
    static struct tap tap;
    struct wire_interface asked = {.queues = 1, .vnet_hdr = 1};
    struct wire_device to = {.queues = 1, .mtu = 1500, .host_mac = {0xfe, 0x54, 0, 0x12, 0x34, 0x56}};
    struct link bridge;
    int failed;

    (void)count;
    tap.queues = 0;
    span->begin = ways_now();
    failed = link_read(0, words[0], &bridge) || link_pinned(&bridge) || tap_create(&asked, &tap);
    to.ifindex = tap.link.index;
    memcpy(to.dev, tap.link.name, sizeof(to.dev));
    failed = failed || link_add_altname(to.ifindex, "quota.tapgrant.0.bench.0") ||
             link_configure(&to, &bridge, "tapgrant uid=0 rule=bench", false, false) || ioctl(tap.queue[0], TUNSETOWNER, 0UL);
    span->first = span->end = ways_now();
    if (tap.queues) close(tap.queue[0]);
    return failed;
}

/*
 * A tap that was let go of loses its carrier, which the kernel tells the others up to a second later, or to the first who
 * asks for the link: that is no part of an open.
 */
static int settle(const char *dev) {
    struct tapgrant_device *device = NULL;
    int failed = tapgrant_find(dev, &device, NULL);

    tapgrant_close(device);
    return failed;
}

static int open_way(char *words[], int count, struct span *span) {
    struct ifreq tap;
    int fd;

    (void)count;
    if (settle(words[0])) return 1;
    span->begin = ways_now();
    fd = bare_open(&tap, words[0], 0);
    span->first = span->end = ways_now();
    return fd < 0 || close(fd);
}

static int create_way(char *words[], int count, struct span *span) {
    struct ifreq tap;
    int fd;

    (void)count;
    span->begin = ways_now();
    fd = bare_open(&tap, words[0], 1);
    span->first = span->end = ways_now();
    return fd < 0 || close(fd);
}

static int unmanaged_way(char *words[], int count, struct span *span) {
    struct tapgrant_device *device;
    char spec[64];
    int failed;

    (void)count;
    snprintf(spec, sizeof(spec), "managed=no,dev=%s", words[0]);
    if (settle(words[0])) return 1;
    span->begin = ways_now();
    failed = tapgrant_open(spec, &device, NULL);
    span->first = span->end = ways_now();
    tapgrant_close(device);
    return failed;
}

static int library_way(char *words[], int count, struct span *span) {
    struct tapgrant_device *devices[SET];
    struct tapgrant_error error;
    int failed;

    span->begin = ways_now();
    failed = tapgrant_open_set((const char *const *)words, (size_t)count, devices, &error);
    span->first = span->end = ways_now();
    if (failed) fprintf(stderr, "%s: %s\n", error.object, error.reason);
    for (int i = 0; !failed && !ways_keep && i < count; i++) tapgrant_close(devices[i]);
    return failed;
}

/* Starts WORDS, with descriptor FD, if it is not -1, as its own descriptor TO.  Its process id, or -1. */
static pid_t start(char *words[], int fd, int to) {
    posix_spawn_file_actions_t actions;
    pid_t pid = -1;
    int failed;

    posix_spawn_file_actions_init(&actions);
    if (fd >= 0)
        posix_spawn_file_actions_adddup2(&actions, fd, to);
    else
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0); /* what it says is no part of our output */
    failed = posix_spawn(&pid, words[0], &actions, NULL, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    return failed ? -1 : pid;
}

static int receive(int socket) {
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec byte = {(char[1]){0}, 1};
    struct msghdr message = {.msg_iov = &byte, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control.bytes)};
    int fd = -1;

    if (recvmsg(socket, &message, 0) != 1 || !CMSG_FIRSTHDR(&message)) return -1;
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
    return fd;
}

static int helper_way(char *words[], int count, struct span *span) {
    int pair[2], fd, status = -1;
    pid_t pid;

    (void)count;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) return 1;
    span->begin = ways_now();
    pid = start(words, pair[1], 3); /* the word that stands for it */
    close(pair[1]);
    fd = pid < 0 ? -1 : receive(pair[0]);
    span->first = ways_now();
    waitpid(pid, &status, 0);
    span->end = ways_now();
    close(pair[0]);
    return fd < 0 || status || (!ways_keep && close(fd));
}

static int run_way(char *words[], int count, struct span *span) {
    struct timespec then = {0};
    int pair[2], status = -1, failed;
    pid_t pid;

    (void)count;
    if (pipe2(pair, O_CLOEXEC)) return 1;
    span->begin = ways_now();
    pid = start(words, pair[1], 1);
    close(pair[1]);
    failed = pid < 0 || read(pair[0], &then, sizeof(then)) != sizeof(then);
    waitpid(pid, &status, 0);
    span->end = ways_now();
    span->first = then.tv_sec * INT64_C(1000000000) + then.tv_nsec;
    close(pair[0]);
    return failed || status;
}

static int program_way(char *words[], int count, struct span *span) {
    int status = -1;
    pid_t pid;

    (void)count;
    span->begin = ways_now();
    pid = start(words, -1, -1);
    waitpid(pid, &status, 0);
    span->first = span->end = ways_now();
    return pid < 0 || status;
}

static int tool_way(char *words[], int count, struct span *span) {
    struct bare_message removal = bare_link(RTM_DELLINK, 0);
    struct span one = {0};
    int failed = 0, next;

    bare_put(&removal, IFLA_IFNAME, words[0], strlen(words[0]) + 1);
    span->begin = ways_now();
    for (int first = 1; !failed && first < count; first = next + 1) {
        char *separator;

        for (next = first; next < count && strcmp(words[next], "+"); next++) continue;
        separator = words[next];
        words[next] = NULL;
        failed = program_way(words + first, next - first, &one);
        words[next] = separator;
    }
    span->first = span->end = ways_now();
    return failed || bare_ask(kernel, &removal);
}

static const struct {
    const char *name;
    way_fn *measure;
    int least, as_root; /* words */
} kinds[] = {{"floor", floor_way, 1, 1},         {"secure", secure_way, 1, 1},
             {"open", open_way, 1, 0},           {"create", create_way, 1, 1},
             {"unmanaged", unmanaged_way, 1, 0}, {"library", library_way, 1, 0},
             {"helper", helper_way, 1, 0},       {"run", run_way, 1, 0},
             {"tool", tool_way, 2, 1},           {"program", program_way, 1, 0}};

int ways_read(char *words[], struct way ways[], int most) {
    int count = 0;

    for (; *words && count < most; words++, count++) {
        struct way *way = &ways[count];

        while (way->kind < sizeof(kinds) / sizeof(kinds[0]) && strcmp(kinds[way->kind].name, *words)) way->kind++;
        if (way->kind == sizeof(kinds) / sizeof(kinds[0])) return -1;
        way->words = ++words;
        for (; *words && strcmp(*words, ";"); words++) way->count++;
        if (!*words || way->count < kinds[way->kind].least) return -1;
        *words = NULL;
    }
    return count;
}

bool ways_as_root(const struct way *way) { return kinds[way->kind].as_root; }

int ways_measure(const struct way *way, struct span *span) {
    int failed = kinds[way->kind].measure(way->words, way->count, span);

    if (failed) fprintf(stderr, "%s %s failed\n", kinds[way->kind].name, way->words[0]);
    return failed;
}

int ways_become(const char *user) {
    const struct passwd *entry = getpwnam(user);

    return !entry || initgroups(user, entry->pw_gid) || setgid(entry->pw_gid) || setuid(entry->pw_uid) ||
           prctl(PR_SET_DUMPABLE, 1);
}
