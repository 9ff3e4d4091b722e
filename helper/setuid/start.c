// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Purpose: take the process out of its caller's hands, as far as it can be taken.
 * Hostile here: all that survives execve(2): descriptors, environment, signal dispositions and mask, interval
 * timers, resource limits, umask, working directory; and argv, which nobody reads.
 * What cannot be taken, later stages bear: the caller may stop or kill us at any moment, and lower our limits.
 * Privilege held: root.
 */
#include "helper/grant/stages.h"

/*
 * execve(2) maps 128 KiB of stack below the arguments where the limit has room for both, and arguments under such a limit
 * have 128 KiB at most (fs/exec.c, setup_arg_pages() and bprm_stack_limits()): that is far more than any stage uses, and a
 * caller who lowers the limit later takes none of it back.  With less room one policy would end us by SIGSEGV where another
 * one lets us answer, and the caller would learn from a denial which of them it is.
 */
static bool has_stack(void) {
    struct rlimit stack;

    return !getrlimit(RLIMIT_STACK, &stack) && stack.rlim_cur >= WIRE_STACK;
}

int start_clean(void) {
    struct itimerval off = {0}, deadline = {.it_value.tv_sec = 4}; /* less than the library waits */
    struct rlimit core = {0}, files;
    struct stat user;
    static const sigset_t none;
    int domain = 0, type = 0;
    socklen_t size = sizeof(int);

    /* 1 and 2: what libc itself would say in its last moment must not reach a descriptor opened later */
    if (clearenv() || close_range(1, ~0U, 0) || open("/dev/null", O_RDWR) != 1 || dup2(1, 2) != 2) return -EBADF;
    if (getsockopt(STDIN_FILENO, SOL_SOCKET, SO_DOMAIN, &domain, &size) || domain != AF_UNIX ||
        getsockopt(STDIN_FILENO, SOL_SOCKET, SO_TYPE, &type, &size) || type != SOCK_SEQPACKET) return -ENOTSOCK;
    if (!has_stack()) {
        return -ENOMEM;
    }
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL); /* fails for those that never change */
    if (sigprocmask(SIG_SETMASK, &none, NULL) || setitimer(ITIMER_VIRTUAL, &off, NULL) ||
        setitimer(ITIMER_PROF, &off, NULL) || setitimer(ITIMER_REAL, &deadline, NULL) ||
        setrlimit(RLIMIT_CORE, &core) || getrlimit(RLIMIT_NOFILE, &files)) return -errno;
    /* The limits stay the caller's where they bound what we use: with too little of it we fail, and nothing is left. */
    files.rlim_cur = files.rlim_max;
    umask(077);
    if (setrlimit(RLIMIT_NOFILE, &files) || chdir("/")) return -errno;
    /*
     * In a user namespace but the first (PROC_USER_INIT_INO, include/linux/proc_ns.h) "root" is somebody's own, and the ids in
     * the policy are other people's.
     */
    return stat("/proc/self/ns/user", &user) || user.st_ino != 0xEFFFFFFDu || geteuid() ? WIRE_UNPRIVILEGED : 0;
}
