// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * crowd USER CALLERS EACH WAY: CALLERS processes at once, each of which goes the way (ways.h; behind its words ";") EACH
 * times, one after the other, and keeps what it got until all are done.  Writes the nanoseconds of all together, then those
 * of each.
 */
#include "tests/bench/ways.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int call(const struct way *way, int each, int ready, int begin, int out, int hold) {
    int64_t took[256];
    struct span span;
    char byte = 0;

    if (each > 256 || write(ready, &byte, 1) != 1 || read(begin, &byte, 1) != 0) return 1;
    for (int i = 0; i < each; i++) {
        if (ways_measure(way, &span)) return 1;
        took[i] = span.end - span.begin;
    }
    if (write(out, took, (size_t)each * sizeof(took[0])) < 0) return 1;
    return read(hold, &byte, 1) != 0;
}

int main(int argc, char *argv[]) {
    int callers = argc > 4 ? atoi(argv[2]) : 0, each = argc > 4 ? atoi(argv[3]) : 0, ready[2], begin[2], out[2], hold[2];
    struct way way = {0};
    int64_t start, took;
    char byte;

    if (callers < 1 || each < 1 || ways_read(argv + 4, &way, 1) != 1 || ways_connect() || pipe(ready) || pipe(begin) ||
        pipe(out) || pipe(hold))
        return 2;
    ways_keep = true;
    for (int i = 0; i < callers; i++) {
        if (fork()) continue;
        close(begin[1]), close(hold[1]), close(out[0]);
        return ways_become(argv[1]) || call(&way, each, ready[1], begin[0], out[1], hold[0]);
    }
    close(out[1]);
    for (int i = 0; i < callers; i++)
        if (read(ready[0], &byte, 1) != 1) return 1;
    start = ways_now();
    close(begin[1]);
    for (int i = 0; i < callers * each; i++) {
        if (read(out[0], &took, sizeof(took)) != sizeof(took)) return 1;
        if (i == callers * each - 1) printf("%lld\n", (long long)(ways_now() - start));
        printf("%lld\n", (long long)took);
    }
    close(hold[1]);
    while (wait(NULL) > 0) continue;
    return 0;
}
