// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/run/child.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int exec_code(int error) {
    if (error == -ENOENT) {
        return COMMAND_NOT_FOUND;
    }
    if (error == -EACCES || error == -ENOEXEC) {
        return COMMAND_NOT_EXECUTABLE;
    }
    return COMMAND_CANNOT_RUN;
}

int exec_command(char *words[]) {
    struct tapgrant_error failure = {.code = COMMAND_CANNOT_RUN};
    int error;

    execvp(words[0], words);
    error = -errno;
    failure.code = exec_code(error);
    snprintf(failure.object, sizeof(failure.object), "%s", words[0]);
    snprintf(failure.reason, sizeof(failure.reason), "cannot be run: %s", strerror(-error));
    return output_error(&failure, false);
}

/* False, for child_start(). */
static bool refuse(struct child *child, int error) {
    fprintf(stderr, "tapgrant: run: no process can be made for the command: %s\n",
            strerror(-error));
    child->code = COMMAND_CANNOT_RUN;
    return false;
}

/*
 * The child's end of the pipe closes when the command is executed.  If it cannot be, the child
 * writes its exit status first.
 */
static int read_code(int pipe) {
    char code = 0;
    ssize_t size = read(pipe, &code, 1);

    while (size < 0 && errno == EINTR) {
        size = read(pipe, &code, 1);
    }
    close(pipe);
    return size == 1 ? code : 0;
}

/* The signals that are passed on to the command, and the one that tells of its end. */
static sigset_t awaited_signals(void) {
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGCHLD);
    return set;
}

void child_prepare(struct child *child) {
    sigset_t awaited = awaited_signals();

    *child = (struct child){.code = COMMAND_CANNOT_RUN};
    sigprocmask(SIG_BLOCK, &awaited, &child->mask);
}

/* What came before the command ran, whoever sent it. */
static void pass_on_earlier(const struct child *child) {
    const struct timespec at_once = {0};
    sigset_t awaited = awaited_signals();
    int number;

    sigdelset(&awaited, SIGCHLD);
    number = sigtimedwait(&awaited, NULL, &at_once);
    while (number > 0) {
        kill(child->pid, number);
        number = sigtimedwait(&awaited, NULL, &at_once);
    }
}

/* In the child.  The command gets the signal mask and the action of SIGCHLD that we were given. */
static void begin(const struct child *child,
                  const struct sigaction *child_action,
                  int report,
                  char *words[]) {
    char code;

    sigaction(SIGCHLD, child_action, NULL);
    sigprocmask(SIG_SETMASK, &child->mask, NULL);
    code = (char)exec_command(words);
    _exit(write(report, &code, 1) == 1 ? code : COMMAND_CANNOT_RUN);
}

bool child_start(struct child *child, char *words[]) {
    const struct sigaction usual = {.sa_handler = SIG_DFL};
    struct sigaction before;
    int pipe[2];

    if (pipe2(pipe, O_CLOEXEC)) {
        return refuse(child, -errno);
    }
    /* while SIGCHLD is ignored, nobody can wait for the command */
    sigaction(SIGCHLD, &usual, &before);
    fflush(stdout);
    child->pid = fork();
    if (!child->pid) {
        begin(child, &before, pipe[1], words);
    }
    if (child->pid < 0) {
        int error = -errno;

        close(pipe[0]);
        close(pipe[1]);
        return refuse(child, error);
    }
    close(pipe[1]);
    child->code = read_code(pipe[0]);
    if (child->code) {
        waitpid(child->pid, NULL, 0);
        return false;
    }
    pass_on_earlier(child);
    return true;
}

/*
 * What the terminal sends, the command gets from there: it goes to the whole foreground (SI_KERNEL,
 * drivers/tty/tty_io.c).  Only a hangup is sent to the session's leader alone
 * (drivers/tty/tty_jobctrl.c, tty_signal_session_leader()).
 */
static bool is_for_us_alone(const siginfo_t *info) {
    if (info->si_code <= 0) {
        return true;
    }
    return info->si_signo == SIGHUP && getsid(0) == getpid();
}

int child_wait(const struct child *child) {
    sigset_t awaited = awaited_signals();
    siginfo_t info;
    int status = 0;

    while (!waitpid(child->pid, &status, WNOHANG)) {
        if (sigwaitinfo(&awaited, &info) < 0 || info.si_signo == SIGCHLD) {
            continue;
        }
        if (is_for_us_alone(&info)) {
            kill(child->pid, info.si_signo);
        }
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
