// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/run/scripts.h"
#include "wire/text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Standard input is the command's, so the script reads /dev/null. */
static int spawn(pid_t *pid, const char *path, const char *device) {
    char *const words[] = {(char *)path, (char *)device, NULL};
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
    error = -posix_spawn(pid, path, &actions, &attributes, words, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

static int wait_for(pid_t pid, int *status) {
    while (waitpid(pid, status, 0) < 0) {
        if (errno != EINTR) {
            return -errno;
        }
    }
    return 0;
}

/* While SIGCHLD is ignored, nobody can wait for the script.  Its action is put back. */
static int run_to_its_end(const char *path, const char *device, int *status) {
    const struct sigaction usual = {.sa_handler = SIG_DFL};
    struct sigaction before;
    pid_t pid;
    int error;

    *status = 0;
    fflush(stdout);
    sigaction(SIGCHLD, &usual, &before);
    error = spawn(&pid, path, device);
    if (!error) {
        error = wait_for(pid, status);
    }
    sigaction(SIGCHLD, &before, NULL);
    return error;
}

/* ERROR: it did not run; otherwise STATUS is that of waitpid(2). */
static int report(const char *path, const char *device, int error, int status) {
    struct tapgrant_error failure = {.code = TAPGRANT_FAILED};
    char shown[80];

    text_printable(path, failure.object, sizeof(failure.object));
    text_printable(device, shown, sizeof(shown));
    if (error) {
        snprintf(failure.reason, sizeof(failure.reason), "cannot be run for %s: %s", shown,
                 strerror(-error));
    } else if (WIFSIGNALED(status)) {
        snprintf(failure.reason, sizeof(failure.reason), "was ended by signal %d for %s",
                 WTERMSIG(status), shown);
    } else {
        snprintf(failure.reason, sizeof(failure.reason), "ended with status %d for %s",
                 WEXITSTATUS(status), shown);
    }
    if (error == -EACCES) {
        snprintf(failure.hint, sizeof(failure.hint), "it is run as you: chmod +x, and no noexec");
    }
    if (error == -ENOEXEC) {
        snprintf(failure.hint, sizeof(failure.hint),
                 "its first line has to be #! and its interpreter");
    }
    return output_error(&failure, false);
}

/* PATH "": there is no script. */
static int run_script(const char *path, const char *device) {
    int status;
    int error;

    if (!path[0]) {
        return TAPGRANT_OK;
    }
    error = run_to_its_end(path, device, &status);
    if (error || status) {
        return report(path, device, error, status);
    }
    return TAPGRANT_OK;
}

int scripts_up(const struct interfaces *interfaces,
               const struct device_names *names,
               size_t *done) {
    *done = 0;
    while (*done < interfaces->count) {
        if (run_script(interfaces->wanted[*done].script, names->name[*done])) {
            return TAPGRANT_FAILED;
        }
        ++*done;
    }
    return TAPGRANT_OK;
}

bool scripts_wait(const struct interfaces *interfaces) {
    for (size_t i = 0; i < interfaces->count; i++) {
        if (interfaces->wanted[i].downscript[0]) {
            return true;
        }
    }
    return false;
}

int scripts_down(const struct interfaces *interfaces,
                 const struct device_names *names,
                 size_t count) {
    int code = TAPGRANT_OK;

    for (size_t i = count; i > 0; i--) {
        if (run_script(interfaces->wanted[i - 1].downscript, names->name[i - 1])) {
            code = TAPGRANT_FAILED;
        }
    }
    return code;
}
