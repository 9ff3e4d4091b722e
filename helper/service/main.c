// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tapgrantd: the service.  What its processes do, by privilege:
 *
 *   parent    root, if it was started with --listen   the socket is made
 *             service user, CAP_KILL                  accepts; hands connections to children
 *   template  service user, setuid, setgid,           reads the policy; forks children
 *             CAP_NET_ADMIN
 *   child     helper/service/child.c has it
 *
 * Where the service manager opens the socket, nothing is ever root.
 * Hostile here: nobody.  Who starts this program without privilege has the start refused, or a
 * service without capabilities, which grants nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "helper/privilege/service.h"
#include "helper/service/account.h"
#include "helper/service/listen.h"
#include "helper/service/server.h"
#include "helper/service/template.h"

#define IDLE 60 /* seconds, where the service manager starts it again */
#define IDLE_MOST 86400
#define FAILURE 1
#define USAGE 2

struct options {
    const char *path; /* NULL: the socket comes from the service manager */
    unsigned idle;
};

/* dprintf(3) allocates nothing that stays, and needs no stream. */
static int fail(const char *object, const char *reason, int error) {
    if (error < 0) {
        dprintf(STDERR_FILENO, "tapgrantd: %s: %s: %s\n", object, reason, strerror(-error));
    } else {
        dprintf(STDERR_FILENO, "tapgrantd: %s: %s\n", object, reason);
    }
    return FAILURE;
}

static int read_seconds(const char *text, unsigned *seconds) {
    char *end;
    unsigned long number;

    if (!text || *text < '0' || *text > '9') {
        return -EINVAL;
    }
    number = strtoul(text, &end, 10);
    if (*end || number > IDLE_MOST) {
        return -EINVAL;
    }
    *seconds = (unsigned)number;
    return 0;
}

static int read_options(char *words[], struct options *options) {
    bool has_idle = false;

    *options = (struct options){.idle = IDLE};
    for (words++; *words; words += 2) {
        if (!words[1]) {
            return -EINVAL;
        }
        if (!strcmp(words[0], "--listen")) {
            options->path = words[1];
        } else if (!strcmp(words[0], "--idle") && !read_seconds(words[1], &options->idle)) {
            has_idle = true;
        } else {
            return -EINVAL;
        }
    }
    if (options->path && !has_idle) {
        options->idle = 0; /* nobody would start it again */
    }
    return 0;
}

/* As the setuid helper: in a user namespace but the first the ids of the policy are others'. */
static int check_namespace(void) {
    struct stat user;

    if (stat("/proc/self/ns/user", &user)) {
        return -errno;
    }
    return user.st_ino == 0xEFFFFFFDu ? 0 : -EPERM;
}

/* A parent needs a descriptor for each connection; no process of the service leaves a core. */
static int set_limits(void) {
    const struct rlimit no_core = {.rlim_cur = 0};
    struct rlimit files;

    if (setrlimit(RLIMIT_CORE, &no_core) || getrlimit(RLIMIT_NOFILE, &files)) {
        return -errno;
    }
    files.rlim_cur = files.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &files) ? -errno : 0;
}

/*
 * First of all: who starts this program may have closed descriptors 0 to 2, and then what is opened
 * next would be one of them.
 */
static int take_descriptors(unsigned first_unknown) {
    int null;

    if (close_range(first_unknown, ~0U, 0)) {
        return -errno;
    }
    null = open("/dev/null", O_RDWR);
    while (null >= 0 && null <= STDERR_FILENO) {
        null = open("/dev/null", O_RDWR);
    }
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0) {
        return -errno;
    }
    return close(null) ? -errno : 0;
}

/*
 * Signals may be ignored by who starts this program.  If SIGCHLD is, the kernel waits for children
 * itself, and the parent would never learn that one has ended.
 */
static void reset_signals(void) {
    for (int number = 1; number < NSIG; number++) {
        signal(number, SIG_DFL); /* fails for those that never change */
    }
}

static int start_clean(int listener) {
    if (fcntl(listener, F_SETFD, FD_CLOEXEC) || fcntl(listener, F_SETFL, O_NONBLOCK)) {
        return -errno;
    }
    reset_signals();
    umask(077);
    if (chdir("/") || clearenv()) {
        return -errno;
    }
    return set_limits();
}

/* What a template is executed from: this very program, also where another version took its path. */
static int open_self(void) {
    int self = open("/proc/self/exe", O_PATH | O_CLOEXEC);

    return self < 0 ? -errno : self;
}

static int run(const struct options *options) {
    const unsigned first_unknown = STDERR_FILENO + (options->path ? 1 : 2);
    const char *reason = "";
    uid_t uid;
    gid_t gid;
    int listener;
    int self;
    int error = take_descriptors(first_unknown);

    if (error) {
        return fail("/dev/null", "cannot be opened", error);
    }
    error = check_namespace();
    if (error == -EPERM) {
        return fail("start", "this is not the host's own user namespace", 0);
    }
    if (error) {
        return fail("/proc/self/ns/user", "cannot be read", error);
    }
    self = open_self();
    if (self < 0) {
        return fail("/proc/self/exe", "cannot be opened", self);
    }
    error = account_read(SERVICE_USER, &uid, &gid);
    if (error == -ENOENT || (!error && !uid)) {
        return fail(SERVICE_USER, "/etc/passwd has no such account, or has it as root", 0);
    }
    if (error) {
        return fail("/etc/passwd", "cannot be trusted", error);
    }
    listener = options->path ? listen_at(options->path, SERVICE_GROUP, &reason)
                             : listen_inherited(&reason);
    if (listener < 0) {
        return fail(options->path ? options->path : "LISTEN_FDS", reason, listener);
    }
    error = start_clean(listener);
    if (error) {
        return fail("start", "failed", error);
    }
    if (privilege_start_service(uid, gid)) {
        return fail(SERVICE_USER, "needs the capabilities kill, setgid, setuid and net_admin", 0);
    }
    error = server_run(listener, self, options->idle);
    return error ? fail("start", "failed", error) : 0;
}

int main(int argc, char *argv[]) {
    struct options options;

    if (argc == 2 && !strcmp(argv[1], TEMPLATE_WORD)) {
        template_run();
    }
    if (argc == 2 && !strcmp(argv[1], "--version")) {
        dprintf(STDOUT_FILENO, "tapgrantd %s\n", TAPGRANT_VERSION);
        return 0;
    }
    if (!argc || read_options(argv, &options)) {
        dprintf(STDERR_FILENO, "usage: tapgrantd [--listen PATH] [--idle SECONDS]\n");
        return USAGE;
    }
    return run(&options);
}
