/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * usage: cancelled SPEC ROUNDS MICROSECONDS once|loop deferred|asynchronous
 *
 * One thread opens and closes SPEC, once or in a loop; another one cancels it after up to so many
 * microseconds.  Each round is a process of its own, and what became of it is counted: the counts
 * are printed, "clean" being all that is right.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <tapgrant.h>
#include <time.h>
#include <unistd.h>

enum outcome { CLEAN, HANG, DESTRUCTORS, CHILD, LEAK, NOT_OPENED, OUTCOMES };
static const char *const names[OUTCOMES] = {
    "clean", "hang", "destructors not run once", "a child", "leaked descriptors", "not opened"};

static const char *spec;
static bool in_loop, is_asynchronous;
static pthread_key_t key;
static int destructed;
static int opened, refused;

static int count_descriptors(void) {
    DIR *folder = opendir("/proc/self/fd");
    int count = 0;

    while (readdir(folder)) {
        count++;
    }
    closedir(folder);
    return count;
}

static void on_thread_end(void *ignored) {
    (void)ignored;
    __atomic_add_fetch(&destructed, 1, __ATOMIC_SEQ_CST);
}

static void close_device(void *argument) {
    tapgrant_close(*(struct tapgrant_device **)argument);
}

static void open_and_close(void) {
    struct tapgrant_device *device = NULL;
    int ignored;

    pthread_cleanup_push(close_device, &device);
    if (is_asynchronous) {
        pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &ignored);
    }
    if (tapgrant_open(spec, &device, NULL)) {
        refused++;
    } else {
        opened++;
    }
    pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &ignored);
    pthread_cleanup_pop(1);
}

/* Never returns: that it ended shows that it was cancelled. */
static void *open_until_cancelled(void *ignored) {
    pthread_setspecific(key, &key);
    do {
        open_and_close();
        pthread_testcancel();
    } while (in_loop);
    for (;;) {
        pause();
    }
    return ignored;
}

/* In a process of its own. */
static enum outcome play(int microseconds) {
    struct timespec limit;
    pthread_t thread;
    int before = count_descriptors();

    pthread_key_create(&key, on_thread_end);
    pthread_create(&thread, NULL, open_until_cancelled, NULL);
    usleep((useconds_t)microseconds);
    pthread_cancel(thread);
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += 30;
    if (pthread_timedjoin_np(thread, NULL, &limit)) {
        return HANG;
    }
    if (destructed != 1) {
        return DESTRUCTORS;
    }
    if (waitpid(-1, NULL, WNOHANG | __WALL) >= 0 || errno != ECHILD) {
        return CHILD;
    }
    if (count_descriptors() != before) {
        return LEAK;
    }
    return refused ? NOT_OPENED : CLEAN;
}

int main(int argc, char *argv[]) {
    int counts[OUTCOMES] = {0};
    int signals = 0;

    if (argc != 6) {
        return 2;
    }
    spec = argv[1];
    in_loop = !strcmp(argv[4], "loop");
    is_asynchronous = !strcmp(argv[5], "asynchronous");
    srand(1);
    for (int i = 0; i < atoi(argv[2]); i++) {
        int microseconds = rand() % atoi(argv[3]);
        int status;
        pid_t child = fork();

        if (!child) {
            _exit((int)play(microseconds));
        }
        if (waitpid(child, &status, 0) != child) {
            return 2;
        }
        if (WIFSIGNALED(status)) {
            signals++;
        } else {
            counts[WEXITSTATUS(status)]++;
        }
    }
    for (int i = 0; i < OUTCOMES; i++) {
        if (counts[i]) {
            printf("%s %d\n", names[i], counts[i]);
        }
    }
    if (signals) {
        printf("killed %d\n", signals);
    }
    return 0;
}
