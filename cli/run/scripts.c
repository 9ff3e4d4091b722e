// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/run/scripts.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Nothing to read: what stands on standard input is for the command. */
static int spawn(pid_t *pid, const char *path, const char *name) {
    char *const words[] = {(char *)path, (char *)name, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    int error;

    sigemptyset(&none);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    error = posix_spawn(pid, path, &actions, &attributes, words, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return -error;
}

/* Where SIGCHLD is ignored, nobody could wait for it: the command gets back what was. */
static int run_one(const char *path, const char *name, int *status) {
    struct sigaction before, usual = {.sa_handler = SIG_DFL};
    int failed;
    pid_t pid;

    *status = 0;
    fflush(stdout);
    sigaction(SIGCHLD, &usual, &before);
    failed = spawn(&pid, path, name);
    while (!failed && waitpid(pid, status, 0) < 0)
        if (errno != EINTR) failed = -errno;
    sigaction(SIGCHLD, &before, NULL);
    return failed;
}

static int run_script(const char *path, const char *name) {
    struct tapgrant_error error = {.code = TAPGRANT_FAILED};
    char shown[sizeof(error.object)], device[80];
    int status, failed = run_one(path, name, &status);

    if (!failed && !status) return TAPGRANT_OK;
    snprintf(error.object, sizeof(error.object), "%s", interface_printable(path, shown, sizeof(shown)));
    interface_printable(name, device, sizeof(device));
    if (failed)
        snprintf(error.reason, sizeof(error.reason), "cannot be run for %s: %s", device, strerror(-failed));
    else if (WIFSIGNALED(status))
        snprintf(error.reason, sizeof(error.reason), "was ended by signal %d for %s", WTERMSIG(status), device);
    else
        snprintf(error.reason, sizeof(error.reason), "ended with status %d for %s", WEXITSTATUS(status), device);
    if (failed == -EACCES) snprintf(error.hint, sizeof(error.hint), "it is run as you: chmod +x, and no noexec");
    if (failed == -ENOEXEC) snprintf(error.hint, sizeof(error.hint), "its first line has to be #! and its interpreter");
    return output_error(&error, false);
}

int scripts_up(const struct nets *nets, char *const names[], size_t *done) {
    for (*done = 0; *done < nets->count; ++*done)
        if (nets->asked[*done].script[0] && run_script(nets->asked[*done].script, names[*done])) return TAPGRANT_FAILED;
    return TAPGRANT_OK;
}

bool scripts_wait(const struct nets *nets) {
    for (size_t i = 0; i < nets->count; i++)
        if (nets->asked[i].downscript[0]) return true;
    return false;
}

int scripts_down(const struct nets *nets, char *const names[], size_t count) {
    int worst = TAPGRANT_OK;

    while (count-- > 0)
        if (nets->asked[count].downscript[0] && run_script(nets->asked[count].downscript, names[count])) worst = TAPGRANT_FAILED;
    return worst;
}
