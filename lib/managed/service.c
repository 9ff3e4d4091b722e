// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The service as a peer on a socket.
 * Hostile here: whoever listens, until it is known to be root or the service's account.
 */
#include "lib/managed/service.h"
#include "lib/closes.h"
#include "lib/managed/namespace.h"

#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define MS_PER_SECOND 1000
#define NS_PER_MS 1000000
#define BACKLOG_MS 1000 /* how long a full backlog is waited for */
#define LET_GO_MS 200   /* how long the end of an answered connection is waited for */
#define PAUSE_LEAST 20  /* milliseconds before a busy service is asked again */
#define PAUSE_MOST 500
#define OVERFLOW_UID 65534u /* of an id that a user namespace does not map, where nothing is set */

_Static_assert(sizeof(SOCKET_PATH) <= sizeof(((struct sockaddr_un *)0)->sun_path), "-Drundir");

static int64_t now_ms(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * MS_PER_SECOND + now.tv_nsec / NS_PER_MS;
}

static void sleep_until(int64_t ms) {
    const struct timespec time = {.tv_sec = ms / MS_PER_SECOND,
                                  .tv_nsec = ms % MS_PER_SECOND * NS_PER_MS};

    /* a signal handler of the host program may have run */
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == EINTR) {
        continue;
    }
}

/* Many that were refused together do not come back together. */
static int64_t pause_ms(unsigned tries) {
    int64_t longest = PAUSE_LEAST << (tries < 5 ? tries : 5);
    uint16_t random = 0;

    if (longest > PAUSE_MOST) {
        longest = PAUSE_MOST;
    }
    if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random)) {
        random = (uint16_t)(now_ms() ^ getpid());
    }
    return longest / 2 + random % (longest / 2 + 1);
}

static uid_t overflow_uid(void) {
    unsigned uid = OVERFLOW_UID;
    FILE *file = fopen("/proc/sys/kernel/overflowuid", "re");

    if (file) {
        if (fscanf(file, "%u", &uid) != 1) {
            uid = OVERFLOW_UID;
        }
        fclose(file);
    }
    return uid;
}

/* Is it the service's account in /etc/passwd?  No name service is asked: it could load anything. */
static bool is_service_account(uid_t uid) {
    char text[1024];
    struct passwd entry;
    struct passwd *found = NULL;
    bool is_found = false;
    FILE *file = fopen("/etc/passwd", "re");

    if (!file) {
        return false;
    }
    while (!is_found && !fgetpwent_r(file, &entry, text, sizeof(text), &found)) {
        is_found = !strcmp(entry.pw_name, SERVICE_USER) && entry.pw_uid == uid;
    }
    fclose(file);
    return is_found;
}

/*
 * Only root can listen below the socket's folder, on a host that is set up as it should be.  In a
 * user namespace the host's root has no id.  There it is shown as the overflow id, as is everybody
 * else who has none; but who could put a socket there has made the mount namespace.
 */
static bool is_trusted(uid_t listener) {
    if (!listener || is_service_account(listener)) {
        return true;
    }
    return namespace_is_of_a_user() && listener == overflow_uid();
}

/* 0; -EAGAIN: for BACKLOG_MS nobody has accepted; or the negative errno of connect(2). */
static int connect_patiently(int socket) {
    const struct sockaddr_un address = {AF_UNIX, SOCKET_PATH};
    const struct timeval patience = {.tv_sec = BACKLOG_MS / MS_PER_SECOND};
    int64_t end = now_ms() + BACKLOG_MS;

    /* connect(2) waits for the same time as send(2): net/unix/af_unix.c, unix_stream_connect() */
    if (setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience))) {
        return -errno;
    }
    while (connect(socket, (const void *)&address, sizeof(address))) {
        if (errno != EINTR) {
            return -errno;
        }
        if (now_ms() >= end) {
            return -EAGAIN;
        }
    }
    return 0;
}

static enum service_outcome reach(int socket, struct service_fault *fault) {
    struct ucred listener;
    socklen_t size = sizeof(listener);

    fault->error = connect_patiently(socket);
    if (fault->error) {
        return SERVICE_UNREACHABLE;
    }
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &listener, &size)) {
        fault->error = -errno;
        return SERVICE_UNREACHABLE;
    }
    fault->uid = listener.uid;
    return is_trusted(listener.uid) ? SERVICE_ANSWERED : SERVICE_UNTRUSTED;
}

/* Until something comes, or the end of what comes. */
static enum service_outcome await(int socket,
                                  int64_t deadline,
                                  struct answer *answer,
                                  struct service_fault *fault) {
    struct pollfd awaited = {.fd = socket, .events = POLLIN};

    for (;;) {
        int64_t left = deadline - now_ms();
        int error = left > 0 ? poll(&awaited, 1, (int)left) : 0;

        if (!error) {
            return SERVICE_LATE;
        }
        if (error < 0 && errno != EINTR) {
            answer->failed_call = "poll";
            fault->error = -errno;
            return SERVICE_FAILED;
        }
        error = message_receive(socket, answer);
        if (!error) {
            return answer->size ? SERVICE_ANSWERED : SERVICE_ENDED;
        }
        if (error != -EAGAIN) {
            fault->error = error;
            return SERVICE_FAILED;
        }
    }
}

/*
 * For a moment behind its answer the service has the taps as well.  Whoever closes one then and
 * opens it by its name would find it in use.
 */
static void await_end(int socket) {
    struct pollfd awaited = {.fd = socket, .events = POLLRDHUP};
    int64_t end = now_ms() + LET_GO_MS;
    int64_t left = LET_GO_MS;

    while (left > 0) {
        if (poll(&awaited, 1, (int)left) >= 0 || errno != EINTR) {
            return;
        }
        left = end - now_ms();
    }
}

/* One connection. */
static enum service_outcome ask(const struct wire_request *request,
                                int64_t deadline,
                                struct answer *answer,
                                struct service_fault *fault) {
    CLOSES int connection = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    enum service_outcome outcome;
    int error;

    if (connection < 0) {
        fault->error = -errno;
        return SERVICE_UNREACHABLE;
    }
    outcome = reach(connection, fault);
    if (outcome != SERVICE_ANSWERED) {
        return outcome;
    }
    error = message_send(connection, request);
    /* it may have answered at once, and closed: then the answer waits */
    if (error && error != -EPIPE && error != -ECONNRESET) {
        answer->failed_call = "send";
        fault->error = error;
        return SERVICE_FAILED;
    }
    outcome = await(connection, deadline, answer, fault);
    if (outcome == SERVICE_ANSWERED) {
        await_end(connection);
    }
    return outcome;
}

static bool is_busy(const struct answer *answer) {
    const struct wire_reply *reply = &answer->reply;

    return answer->size >= WIRE_REPLY_FIRST && reply->magic == WIRE_MAGIC &&
           reply->version == WIRE_VERSION && reply->status == WIRE_BUSY;
}

enum service_outcome service_converse(const struct wire_request *request,
                                      struct answer *answer,
                                      struct service_fault *fault) {
    int64_t deadline = now_ms() + SERVICE_SECONDS * MS_PER_SECOND;
    bool has_ended = false;
    unsigned tries = 0;

    for (;;) {
        enum service_outcome outcome = ask(request, deadline, answer, fault);
        int64_t next;

        if (outcome == SERVICE_ENDED && !has_ended) {
            /* a service that is started again has the same socket */
            has_ended = true;
            message_discard(answer);
            continue;
        }
        if (outcome != SERVICE_ANSWERED || !is_busy(answer)) {
            return outcome;
        }
        next = now_ms() + pause_ms(tries);
        if (next >= deadline) {
            return SERVICE_ANSWERED;
        }
        message_discard(answer);
        sleep_until(next);
        tries++;
    }
}
