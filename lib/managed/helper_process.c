// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A program that executes becomes an ordinary child, whatever it was cloned as (fs/exec.c,
 * de_thread(): exit_signal = SIGCHLD).  So the helper is the child of a child: a supervisor, cloned
 * with no exit signal, which executes nothing.  It sends no SIGCHLD, and wait(2) does not see it
 * without __WALL or __WCLONE: neither a handler nor a waitpid(-1, ...) of the host program meets a
 * process it did not make.
 *
 * Supervisor and helper share our memory, as posix_spawn(3)'s child does, until the helper
 * executes; the calling thread is suspended until the supervisor ends.  They run with the calling
 * thread's thread-local storage, so they must leave in it nothing that is not there without them:
 *
 * - No function that is a cancellation point.  libc's look at the thread's cancellation state, and
 *   some make the thread's type asynchronous while they wait: a supervisor that is killed there
 *   would leave it so.  Where only such a function would do, syscall(2) makes the system call.
 * - errno is written.  run() puts it back.
 * - No signal handler of the host program runs in them: all signals are blocked.
 * - No lock, no allocation, no stream: another thread may hold what they would need.
 *
 * When the host program ends, they end too: the kernel sends the supervisor a signal when the
 * thread that made it is gone.
 */
#include "lib/managed/helper_process.h"
#include "lib/closes.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define STACK_SIZE ((size_t)64 * 1024)
#define FIRST_BEHIND_STDIO 3

/* Time is up: the deadline has passed, or the host program has ended. */
#define TIME_IS_UP SIGALRM

/* Written by one process at a time: each is suspended while the one that it made runs in it. */
struct child {
    const char *path;
    pid_t host;
    pid_t supervisor;
    int request;
    char *helper_stack;      /* the top of the helper's, until it executes */
    const char *failed_call; /* NULL: none */
    int error;               /* its negative errno */
    bool has_ended;
    bool is_late;
    int wait_status;
};

static void note_failure(struct child *child, const char *call) {
    child->failed_call = call;
    child->error = -errno;
}

/*
 * In the helper, until it executes.  Until then it uses the host program's memory, which is the
 * host program's again if somebody kills the supervisor: so the helper is killed, too.  A setuid
 * program that is executed does not keep this signal.
 */
static int execute(void *argument) {
    struct child *child = argument;
    char *const argv[] = {(char *)"tapgrant-helper", NULL};
    char *const environment[] = {NULL};
    int placed;

    if (prctl(PR_SET_PDEATHSIG, SIGKILL)) {
        note_failure(child, "prctl");
        _exit(127);
    }
    if (getppid() != child->supervisor) {
        _exit(127);
    }
    /* a descriptor that stays where it is would be closed by execve(2) */
    if (child->request == 0) {
        placed = fcntl(0, F_SETFD, 0);
    } else {
        placed = dup2(child->request, 0);
    }
    if (placed < 0) {
        note_failure(child, "dup2");
        _exit(127);
    }
    execve(child->path, argv, environment);
    note_failure(child, "execve");
    _exit(127);
}

/*
 * The supervisor's descriptors are copies.  Without them a file that the host program closes
 * meanwhile is closed: its lock is given up, its port is free, the other end of its pipe sees the
 * end.  The standard streams stay: the helper's loader writes there why it cannot start it.
 */
static void close_copies(int kept) {
    unsigned first = FIRST_BEHIND_STDIO;

    if (kept > FIRST_BEHIND_STDIO) {
        close_range(first, (unsigned)kept - 1, 0);
    }
    if (kept >= FIRST_BEHIND_STDIO) {
        first = (unsigned)kept + 1;
    }
    close_range(first, ~0U, 0);
}

static bool host_is_there(const struct child *child) {
    pid_t parent = getppid();

    /* 0: it cannot be seen, because it has made another process namespace for its children */
    return parent == child->host || parent == 0;
}

/* Is the helper's end known now?  OPTIONS: 0 waits for it. */
static bool reap(struct child *child, pid_t helper, int options) {
    child->has_ended = syscall(SYS_wait4, helper, &child->wait_status, options, NULL) == helper;
    return child->has_ended;
}

/* To the helper's end or until time is up.  SIGCHLD is only a reason to look. */
static void await(struct child *child, pid_t helper) {
    sigset_t awaited;
    long number = 0;

    sigemptyset(&awaited);
    sigaddset(&awaited, SIGCHLD);
    sigaddset(&awaited, TIME_IS_UP);
    while (!reap(child, helper, WNOHANG)) {
        if (number == TIME_IS_UP || (number < 0 && errno != EINTR)) {
            break;
        }
        number = syscall(SYS_rt_sigtimedwait, &awaited, NULL, NULL, (size_t)_NSIG / 8);
    }
    if (child->has_ended) {
        return;
    }
    child->is_late = true;
    kill(helper, SIGKILL);
    /* without it nobody waits for the answer, and the helper's new parent reaps it */
    if (host_is_there(child)) {
        reap(child, helper, 0);
    }
}

/* In the supervisor: the helper, from its beginning to its end. */
static int supervise(void *argument) {
    const struct sigaction not_ignored = {.sa_handler = SIG_DFL};
    struct child *child = argument;
    pid_t helper;

    if (prctl(PR_SET_PDEATHSIG, TIME_IS_UP)) {
        note_failure(child, "prctl");
        _exit(1);
    }
    /* it may have ended before: then no signal comes */
    if (!host_is_there(child)) {
        _exit(1);
    }
    close_copies(child->request);
    /* if the host program ignores it, the kernel would reap the helper, and its status be lost */
    sigaction(SIGCHLD, &not_ignored, NULL);
    child->supervisor = getpid();
    alarm(HELPER_SECONDS);
    helper = clone(execute, child->helper_stack, CLONE_VM | CLONE_VFORK | SIGCHLD, child);
    if (helper < 0) {
        note_failure(child, "clone");
        _exit(1);
    }
    await(child, helper);
    _exit(0);
}

/* Makes the supervisor, and waits for its end. */
static void run_supervisor(struct child *child, char *supervisor_stack) {
    pid_t supervisor = clone(supervise, supervisor_stack, CLONE_VM | CLONE_VFORK, child);

    if (supervisor < 0) {
        note_failure(child, "clone");
        return;
    }
    /* ECHILD: another thread waits for children of every kind, and has reaped it: it has ended */
    while (waitpid(supervisor, NULL, __WCLONE) < 0 && errno == EINTR) {
        continue;
    }
}

static void run_unsignalled(struct child *child, char *supervisor_stack) {
    sigset_t all;
    sigset_t before;

    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    run_supervisor(child, supervisor_stack);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static int run(struct child *child) {
    const int protection = PROT_READ | PROT_WRITE;
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK;
    int errno_before = errno;
    char *stacks = mmap(NULL, 2 * STACK_SIZE, protection, flags, -1, 0);

    if (stacks == MAP_FAILED) {
        note_failure(child, "mmap");
        return child->error;
    }
    child->helper_stack = stacks + STACK_SIZE;
    run_unsignalled(child, stacks + 2 * STACK_SIZE);
    munmap(stacks, 2 * STACK_SIZE);
    errno = errno_before;
    if (child->failed_call) {
        return child->error;
    }
    if (child->is_late) {
        return -ETIMEDOUT;
    }
    return child->has_ended ? 0 : -ECANCELED;
}

int helper_converse(const char *path, const struct wire_request *request, struct answer *answer) {
    struct child child = {.path = path, .host = getpid()};
    CLOSES int theirs = -1;
    CLOSES int ours = -1;
    int pair[2];
    int error;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
        answer->failed_call = "socketpair";
        return -errno;
    }
    ours = pair[0];
    theirs = pair[1];
    child.request = theirs;
    error = message_send(ours, request);
    if (error) {
        answer->failed_call = "send";
        return error;
    }
    error = run(&child);
    answer->failed_call = child.failed_call;
    answer->wait_status = child.wait_status;
    if (error) {
        return error;
    }
    /* what it made and did not give us went with it; what it sent waits for us */
    error = message_receive(ours, answer);
    return error == -EAGAIN ? 0 : error;
}
