/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * usage: few CALL ARGUMENT
 *
 * Makes CALL with 0, 1, 2, ... free descriptors until it succeeds, or says nothing any more of
 * their number.  Prints a line each time: how many, the code, OBJECT: REASON | HINT.  A descriptor
 * that is left open is an error.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <tapgrant.h>

#define FREE_AT_MOST 20

static int count_descriptors(void) {
    DIR *folder = opendir("/proc/self/fd");
    int count = -3; /* ".", "..", and the folder's own */

    while (readdir(folder)) {
        count++;
    }
    closedir(folder);
    return count;
}

static int make_call(const char *call, const char *argument, struct tapgrant_error *error) {
    struct tapgrant_device *device, **all;
    size_t count;
    int code;

    if (!strcmp(call, "open")) {
        code = tapgrant_open(argument, &device, error);
        if (!code) {
            tapgrant_close(device);
        }
    } else if (!strcmp(call, "find")) {
        code = tapgrant_find(argument, &device, error);
        if (!code) {
            tapgrant_close(device);
        }
    } else if (!strcmp(call, "list")) {
        code = tapgrant_list_all(&all, &count, error);
        if (!code) {
            tapgrant_list_free(all, count);
        }
    } else {
        code = tapgrant_delete(argument, error);
    }
    return code;
}

int main(int argc, char *argv[]) {
    struct tapgrant_error error;
    struct rlimit few, before;
    int open_before = count_descriptors();

    if (argc != 3 || getrlimit(RLIMIT_NOFILE, &before)) {
        return 2;
    }
    for (int room = 0; room <= FREE_AT_MOST; room++) {
        int code;

        few = before;
        few.rlim_cur = (rlim_t)(open_before + room);
        setrlimit(RLIMIT_NOFILE, &few);
        code = make_call(argv[1], argv[2], &error);
        setrlimit(RLIMIT_NOFILE, &before);
        if (count_descriptors() != open_before) {
            puts("a descriptor is left open");
            return 3;
        }
        if (!code) {
            printf("%d done\n", room);
            return 0;
        }
        printf("%d %d %s: %s | %s\n", room, code, error.object, error.reason, error.hint);
        if (!strstr(error.reason, "Too many open files") &&
            !strstr(error.hint, "Too many open files")) {
            return 0;
        }
    }
    return 1;
}
