// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/run/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int child_become(char *words[]) {
    struct tapgrant_error error = {.code = COMMAND_CANNOT_RUN};

    execvp(words[0], words);
    if (errno == ENOENT)
        error.code = COMMAND_NOT_FOUND;
    else if (errno == EACCES || errno == ENOEXEC)
        error.code = COMMAND_NOT_EXECUTABLE;
    snprintf(error.reason, sizeof(error.reason), "cannot be run: %s", strerror(errno));
    snprintf(error.object, sizeof(error.object), "%s", words[0]);
    return output_error(&error, false);
}

static int refuse(int errnum) {
    fprintf(stderr, "tapgrant: run: no process can be made for the command: %s\n", strerror(errnum));
    return COMMAND_CANNOT_RUN;
}

/* The end of the pipe that the child has closes when it has become the command, and says its status when it could not. */
static int read_code(int pipe) {
    char code = 0;
    ssize_t size;

    do size = read(pipe, &code, 1);
    while (size < 0 && errno == EINTR);
    close(pipe);
    return size == 1 ? code : 0;
}

/* The signals that the command is told of, and that it is told of itself by. */
static sigset_t passed_on(void) {
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGCHLD);
    return set;
}

void child_prepare(struct child *child) {
    sigset_t ours = passed_on();

    *child = (struct child){.code = COMMAND_CANNOT_RUN};
    sigprocmask(SIG_BLOCK, &ours, &child->mask);
}

/* What came before there was a command, whoever sent it. */
static void pass_on_earlier(const struct child *child) {
    const struct timespec at_once = {0};
    sigset_t ours = passed_on();
    int number;

    sigdelset(&ours, SIGCHLD);
    while ((number = sigtimedwait(&ours, NULL, &at_once)) > 0) kill(child->pid, number);
}

bool child_start(struct child *child, char *words[]) {
    struct sigaction before, usual = {.sa_handler = SIG_DFL};
    int pipe[2];
    char code;

    if (pipe2(pipe, O_CLOEXEC)) return refuse(errno), false;
    /* where SIGCHLD was ignored, nobody could wait for the command; it gets back what was */
    sigaction(SIGCHLD, &usual, &before);
    fflush(stdout);
    child->pid = fork();
    if (!child->pid) {
        sigaction(SIGCHLD, &before, NULL);
        sigprocmask(SIG_SETMASK, &child->mask, NULL);
        code = (char)child_become(words);
        _exit(write(pipe[1], &code, 1) == 1 ? code : COMMAND_CANNOT_RUN);
    }
    close(pipe[1]);
    if (child->pid < 0) return close(pipe[0]), refuse(errno), false;
    child->code = read_code(pipe[0]);
    if (child->code)
        waitpid(child->pid, NULL, 0);
    else
        pass_on_earlier(child);
    return !child->code;
}

int child_wait(const struct child *child) {
    sigset_t ours = passed_on();
    siginfo_t told;
    int status = 0;

    while (!waitpid(child->pid, &status, WNOHANG)) {
        if (sigwaitinfo(&ours, &told) < 0 || told.si_signo == SIGCHLD) continue;
        /* what the terminal sends the command has from there: the whole foreground gets it (tty_io.c: SI_KERNEL);
         * but that it hung up only the session's leader is told (tty_jobctrl.c, tty_signal_session_leader) */
        if (told.si_code <= 0 || (told.si_signo == SIGHUP && getsid(0) == getpid())) kill(child->pid, told.si_signo);
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
