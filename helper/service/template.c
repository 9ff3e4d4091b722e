// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The template: it forks the children, so that they are warm before they are needed.
 *
 * Forked processes have their parent's addresses and stack canary.  So one that crashes tells
 * whoever made it crash about all of them; the parent then executes another template.
 * The children are the parent's own (CLONE_PARENT): it alone waits for them, so that a process id
 * that it signals is still theirs.
 * Hostile here: nobody.  A child that is in other hands has no way to this process but signals,
 * which its filter does not let it send.
 * Privilege held: the service user's with setuid, setgid and CAP_NET_ADMIN.
 */
#include "helper/service/template.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "helper/privilege/service.h"
#include "helper/service/child.h"
#include "helper/service/messages.h"

static _Noreturn void become_template(int self, int channel) {
    static char name[] = "tapgrantd";
    static char word[] = TEMPLATE_WORD;
    char *const words[] = {name, word, NULL};
    char *const nothing[] = {NULL};

    if (dup2(channel, STDIN_FILENO) == STDIN_FILENO) {
        fexecve(self, words, nothing);
    }
    _exit(127);
}

pid_t template_start(int self, int *channel) {
    int pair[2];
    pid_t template;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
        return -errno;
    }
    template = fork();
    if (!template) {
        become_template(self, pair[1]);
    }
    if (template <0) {
        template = -errno;
        close(pair[0]);
    } else {
        *channel = pair[0];
    }
    close(pair[1]);
    return template;
}

/*
 * The signals that the parent has blocked are ours and our children's to die of.  In a session of
 * our own, because anybody may send SIGCONT within one (kernel/signal.c, check_kill_permission()).
 */
static int start_clean(void) {
    sigset_t none;

    sigemptyset(&none);
    if (close_range(STDERR_FILENO + 1, ~0U, 0) || sigprocmask(SIG_SETMASK, &none, NULL)) {
        return -errno;
    }
    if (setsid() < 0) {
        return -errno;
    }
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) || prctl(PR_SET_NAME, "tapgrantd-fork")) {
        return -errno;
    }
    return privilege_prepare();
}

/*
 * As fork(2), but the child is the parent's own.  This program has one thread and no handlers, so
 * there is nothing that libc would have to do.
 */
static pid_t fork_for_parent(void) {
    const unsigned long flags = CLONE_PARENT | SIGCHLD;
    const unsigned long same_stack = 0;
#if defined(__s390__)
    long child = syscall(SYS_clone, same_stack, flags, NULL, NULL, 0UL);
#else
    long child = syscall(SYS_clone, flags, same_stack, NULL, NULL, 0UL);
#endif

    return child < 0 ? -errno : (pid_t)child;
}

/* The child's channel takes the place of the template's own: it must not have that one. */
static _Noreturn void become_child(int channel, struct fresh_policy *fresh) {
    if (dup2(channel, STDIN_FILENO) != STDIN_FILENO || close(channel)) {
        _exit(1);
    }
    child_run(STDIN_FILENO, fresh);
}

static int serve_order(struct fresh_policy *fresh) {
    struct fork_order order = {0};
    struct fork_report report;
    int channel;
    int error = pass_receive(STDIN_FILENO, &order, sizeof(order), &channel, 0);

    if (error) {
        return error;
    }
    fresh_update(fresh);
    report.slot = order.slot;
    report.child = fork_for_parent();
    if (!report.child) {
        become_child(channel, fresh);
    }
    close(channel);
    report.policy_error = fresh->error;
    report.policy_serial = fresh->serial;
    return pass_send(STDIN_FILENO, &report, sizeof(report), -1, 0);
}

void template_run(void) {
    static struct fresh_policy fresh;
    int error = start_clean();

    while (!error) {
        error = serve_order(&fresh);
    }
    _exit(error == -ESHUTDOWN ? 0 : 1);
}
