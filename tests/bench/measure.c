// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * measure USER ROUNDS WAY...: times each way (ways.h; behind its words ";") once in every round, so that what else the
 * machine does hits all of them alike, and undoes it before the next.
 *
 * For each it writes one line: round, number of the way, nanoseconds until the descriptor, nanoseconds until the end.
 */
#include "tests/bench/ways.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MOST 64

/* The user's part: a number of a way in, a span out. */
static int serve(int socket, const char *user, const struct way *ways) {
    struct span span;
    int number;

    if (ways_become(user)) return 1;
    while (read(socket, &number, sizeof(number)) == sizeof(number)) {
        if (ways_measure(&ways[number], &span)) span.begin = -1;
        if (write(socket, &span, sizeof(span)) != sizeof(span)) return 1;
    }
    return 0;
}

static int measure(int server, const struct way *ways, int number, struct span *span) {
    /* what the last one left for the kernel to do later (carriers, removals) takes the lock of all links: let it be over */
    nanosleep(&(struct timespec){.tv_nsec = 4000000}, NULL);
    if (ways_as_root(&ways[number])) return ways_measure(&ways[number], span);
    return write(server, &number, sizeof(number)) != sizeof(number) || read(server, span, sizeof(*span)) != sizeof(*span) ||
           span->begin < 0;
}

int main(int argc, char *argv[]) {
    static struct way ways[MOST];
    int count = argc > 3 ? ways_read(argv + 3, ways, MOST) : -1, rounds = argc > 3 ? atoi(argv[2]) : 0, pair[2];
    struct span span;

    if (count < 1 || ways_connect() || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) return 2;
    if (!fork()) return close(pair[0]), serve(pair[1], argv[1], ways);
    close(pair[1]);
    for (int round = 0; round < rounds; round++) {
        for (int number = 0; number < count; number++) {
            if (measure(pair[0], ways, number, &span)) return 1;
            printf("%d %d %lld %lld\n", round, number, (long long)(span.first - span.begin), (long long)(span.end - span.begin));
        }
    }
    return 0;
}
