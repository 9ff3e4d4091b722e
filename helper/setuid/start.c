// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The process is taken out of its caller's hands, as far as it can be.
 * Hostile here: all that survives execve(2): descriptors, environment, signal dispositions and
 * mask, interval timers, resource limits, umask, working directory; and argv, which nobody reads.
 * We cannot prevent the rest: the caller may stop or kill us at any moment, and lower our limits.
 * Later stages must tolerate it.
 * Privilege held: root.
 */
#include "helper/setuid/start.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#define DEADLINE 4 /* seconds: less than the library waits */

/* libc may write to stderr when it aborts.  That must not end up in a file that we open later. */
static int replace_descriptors(void) {
    int null;

    if (close_range(1, ~0U, 0)) {
        return -errno;
    }
    null = open("/dev/null", O_RDWR);
    if (null < 0) {
        return -errno;
    }
    if (null != 1) {
        return -EBADF;
    }
    return dup2(null, 2) < 0 ? -errno : 0;
}

static int check_request_socket(void) {
    int domain = 0;
    int type = 0;
    socklen_t size = sizeof(int);

    if (getsockopt(STDIN_FILENO, SOL_SOCKET, SO_DOMAIN, &domain, &size) || domain != AF_UNIX) {
        return -ENOTSOCK;
    }
    if (getsockopt(STDIN_FILENO, SOL_SOCKET, SO_TYPE, &type, &size) || type != SOCK_SEQPACKET) {
        return -ENOTSOCK;
    }
    return 0;
}

/*
 * With a smaller stack one policy could end us by SIGSEGV where another one lets us answer, and the
 * caller could tell them apart.  Under this limit execve(2) gives the arguments at most 128 KiB
 * (fs/exec.c, bprm_stack_limits()) and maps 128 KiB below them (setup_arg_pages()).  That is more
 * than any stage uses, and it stays mapped if the caller lowers the limit later.
 */
static int check_stack(void) {
    struct rlimit stack;

    if (getrlimit(RLIMIT_STACK, &stack)) {
        return -errno;
    }
    return stack.rlim_cur < WIRE_STACK ? -ENOMEM : 0;
}

/* Before the deadline is set: SIGALRM could be ignored. */
static int reset_signals(void) {
    sigset_t none;

    for (int number = 1; number < NSIG; number++) {
        signal(number, SIG_DFL); /* fails for those that never change */
    }
    sigemptyset(&none);
    return sigprocmask(SIG_SETMASK, &none, NULL) ? -errno : 0;
}

static int set_deadline(void) {
    const struct itimerval off = {.it_value.tv_sec = 0};
    const struct itimerval deadline = {.it_value.tv_sec = DEADLINE};

    if (setitimer(ITIMER_VIRTUAL, &off, NULL) || setitimer(ITIMER_PROF, &off, NULL)) {
        return -errno;
    }
    return setitimer(ITIMER_REAL, &deadline, NULL) ? -errno : 0;
}

/*
 * We keep the caller's other limits.  If one of them is too low we fail, and the kernel removes
 * what we have made.
 */
static int set_limits(void) {
    const struct rlimit no_core = {.rlim_cur = 0};
    struct rlimit files;

    if (setrlimit(RLIMIT_CORE, &no_core) || getrlimit(RLIMIT_NOFILE, &files)) {
        return -errno;
    }
    files.rlim_cur = files.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &files) ? -errno : 0;
}

static int reset_umask_and_folder(void) {
    umask(077);
    return chdir("/") ? -errno : 0;
}

/*
 * In a user namespace but the first (PROC_USER_INIT_INO, include/linux/proc_ns.h) "root" is
 * somebody's own, and the ids in the policy are other people's.
 */
static int check_privilege(void) {
    struct stat user;

    if (stat("/proc/self/ns/user", &user) || user.st_ino != 0xEFFFFFFDu) {
        return WIRE_UNPRIVILEGED;
    }
    return geteuid() ? WIRE_UNPRIVILEGED : 0;
}

int start_clean(void) {
    static int (*const steps[])(void) = {
        replace_descriptors, check_request_socket, check_stack,
        reset_signals,       set_deadline,         set_limits,
        reset_umask_and_folder,
        check_privilege,
    };
    int result = clearenv() ? -ENOMEM : 0;

    for (size_t i = 0; !result && i < sizeof(steps) / sizeof(steps[0]); i++) {
        result = steps[i]();
    }
    return result;
}
