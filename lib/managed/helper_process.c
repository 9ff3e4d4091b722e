// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A program that executes becomes an ordinary child, whatever it was cloned as (fs/exec.c, de_thread(): exit_signal =
 * SIGCHLD).  So the helper is the child of a child: a supervisor, cloned with no exit signal, which executes nothing.
 * It sends no SIGCHLD, and wait(2) does not see it without __WALL or __WCLONE: neither a handler nor a
 * waitpid(-1, ...) of the host program meets a process it did not make.
 *
 * Both share our memory, as posix_spawn(3)'s child does, and we are suspended until the supervisor ends; all signals are
 * blocked there, so that no handler of the host program runs in them.  They use system calls only, no libc state.
 */
#include "lib/managed/helper_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define STACK_SIZE (64 * 1024)

struct child {
    const char *path;
    int request;
    char *stack; /* the top of the helper's, until it executes */
    int error;   /* of making, executing or awaiting it; 0 */
    bool executed;
    int wait_status;
};

static void close_fd(int *fd) {
    if (*fd >= 0) close(*fd);
}
#define CLOSES __attribute__((cleanup(close_fd)))

static int execute(void *argument) {
    struct child *child = argument;
    char *const argv[] = {(char *)"tapgrant-helper", NULL}, *const environment[] = {NULL};

    if (child->request == 0 ? fcntl(0, F_SETFD, 0) >= 0 : dup2(child->request, 0) >= 0) execve(child->path, argv, environment);
    child->error = errno;
    _exit(127);
}

/* In the supervisor: the helper, from its beginning to its end or the deadline. */
static int supervise(void *argument) {
    struct child *child = argument;
    struct pollfd end = {.events = POLLIN};
    int ready;
    pid_t pid;

    signal(SIGCHLD, SIG_DFL); /* ours alone: where the host program ignores it, nobody could await the helper */
    pid = clone(execute, child->stack, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, child, &end.fd);
    if (pid < 0) {
        child->error = errno;
        _exit(1);
    }
    child->executed = !child->error;
    /* no signal can interrupt it, all are blocked */
    ready = poll(&end, 1, HELPER_SECONDS * 1000);
    if (ready <= 0) {
        child->error = ready < 0 ? errno : ETIMEDOUT;
        kill(pid, SIGKILL);
    }
    if (waitpid(pid, &child->wait_status, 0) < 0 && !child->error) child->error = errno;
    _exit(0);
}

static int run(struct child *child) {
    char *stacks = mmap(NULL, 2 * STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    sigset_t all, before;
    int error = 0;
    pid_t pid;

    if (stacks == MAP_FAILED) return -errno;
    child->stack = stacks + STACK_SIZE;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    pid = clone(supervise, stacks + 2 * STACK_SIZE, CLONE_VM | CLONE_VFORK, child);
    if (pid < 0)
        error = -errno;
    else
        while (waitpid(pid, NULL, __WCLONE) < 0 && errno == EINTR) continue;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    munmap(stacks, 2 * STACK_SIZE);
    return error ? error : -child->error;
}

static void take_descriptors(struct msghdr *message, struct helper_answer *answer) {
    int fd;

    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header; header = CMSG_NXTHDR(message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        for (size_t i = 0; CMSG_LEN((i + 1) * sizeof(int)) <= header->cmsg_len; i++) {
            memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
            if (answer->descriptors < WIRE_QUEUES + 1)
                answer->descriptor[answer->descriptors++] = fd;
            else
                close(fd);
        }
    }
}

/* What the helper sent before it ended, if anything. */
static int receive(int socket, struct helper_answer *answer) {
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * (WIRE_QUEUES + 1))];
    struct iovec bytes = {&answer->reply, sizeof(answer->reply)};
    struct msghdr message = {.msg_iov = &bytes, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
    ssize_t size = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

    /* A helper that ended with our request unread leaves this error before its answer: told once, then the answer. */
    if (size < 0 && errno == ECONNRESET) size = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (size < 0) return errno == ECONNRESET || errno == EAGAIN ? 0 : -errno;
    take_descriptors(&message, answer);
    answer->size = (size_t)size;
    answer->truncated = message.msg_flags & (MSG_TRUNC | MSG_CTRUNC);
    return 0;
}

int helper_converse(const char *path, const struct wire_request *request, struct helper_answer *answer, bool *executed) {
    CLOSES int ours = -1, theirs = -1;
    struct child child = {.path = path};
    int pair[2], error;

    *executed = false;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) return -errno;
    ours = pair[0];
    theirs = child.request = pair[1];
    if (send(ours, request, sizeof(*request), MSG_DONTWAIT | MSG_NOSIGNAL) != sizeof(*request)) return -errno;
    error = run(&child);
    *executed = child.executed;
    answer->wait_status = child.wait_status;
    /* what it made and did not give us went with it; what it sent waits for us */
    return error ? error : receive(ours, answer);
}
