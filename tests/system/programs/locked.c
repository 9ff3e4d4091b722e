/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * usage: locked FILE SPEC [exec]
 *
 * A host program that has locked FILE and opens SPEC; with "exec" another thread of it executes
 * sleep(1) meanwhile.  Prints what the library says, and whether the thread's cancellation type and
 * state and its children are what they were.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <tapgrant.h>
#include <unistd.h>

static void *execute_sleep(void *ignored) {
    usleep(500000);
    execl("/bin/sleep", "sleep", "30", NULL);
    return ignored;
}

int main(int argc, char *argv[]) {
    struct tapgrant_device *device;
    struct tapgrant_error error;
    pthread_t thread;
    int state, type;
    int code;

    if (argc < 3 || flock(open(argv[1], O_RDWR | O_CREAT, 0600), LOCK_EX | LOCK_NB)) {
        return 2;
    }
    if (argc > 3 && pthread_create(&thread, NULL, execute_sleep, NULL)) {
        return 2;
    }
    puts("locked");
    fflush(stdout);
    code = tapgrant_open(argv[2], &device, &error);
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state);
    pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &type);
    if (state != PTHREAD_CANCEL_ENABLE || type != PTHREAD_CANCEL_DEFERRED) {
        puts("another cancellation state or type");
    }
    if (waitpid(-1, NULL, WNOHANG | __WALL) >= 0 || errno != ECHILD) {
        puts("a child");
    }
    printf("%s: %s\n", code ? error.object : "none", code ? error.reason : "opened");
    return code;
}
