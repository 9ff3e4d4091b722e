// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The parent.  It accepts at once, and knows each connection's uid from the kernel.  It reads no
 * request: a connection goes to a child when a request is there.
 * Hostile here: every local user, who may connect at any rate, send nothing, and be gone.
 * Privilege held: CAP_KILL; three more that only the template gets, which it executes.
 */
#include "helper/service/server.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "helper/service/children.h"
#include "helper/service/events.h"
#include "helper/service/identity.h"
#include "helper/service/journal.h"

#define EVENTS 64        /* that are handled in one turn */
#define ACCEPTS 64       /* in one turn */
#define TICK 20          /* milliseconds, while somebody waits or is served */
#define PAUSE 100        /* milliseconds without accepting, where there are no descriptors left */
#define BLOCKED 60000    /* milliseconds that a user is busy whose request crashed a child */
#define DRAINING 6000    /* milliseconds for what is there at the end */
#define SELDOM 60000     /* milliseconds between two lines about failures */
#define OTHER_FILES 208u /* descriptors beside those of connections that wait */
#define PLACES_LEAST 128 /* connections that may wait, however few descriptors there are */
#define LINE 128

/* A child sends one for each interface, one of a refusal, and the last one. */
#define REPORTS_AT_ONCE (WIRE_INTERFACES + 2)

struct server {
    struct connections connections;
    struct children children;
    int listener;
    int signals;
    int events;
    bool is_listening;
    int64_t listen_after;
    int64_t idle;       /* milliseconds; 0: without end */
    int64_t last;       /* when somebody connected, or was served */
    int64_t drained_by; /* 0: it is not to end */
    int64_t tell_after; /* when the next failure may be told */
};

static int64_t now_milliseconds(void) {
    struct timespec now = {0};

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/*
 * An answer to a request that is not read has WIRE_REPLY_FIRST bytes.
 *
 * The request is taken away unread: the kernel resets a connection that is closed with one in it,
 * and the caller would see that before the answer.
 */
static void answer_busy(int socket) {
    static const struct wire_reply busy = {
        .magic = WIRE_MAGIC,
        .version = WIRE_VERSION,
        .status = WIRE_BUSY,
        .request_size = WIRE_REQUEST_HEADER,
        .interface_size = sizeof(struct wire_interface),
    };

    send(socket, &busy, WIRE_REPLY_FIRST, MSG_DONTWAIT | MSG_NOSIGNAL);
    recv(socket, NULL, 0, MSG_DONTWAIT | MSG_TRUNC);
    close(socket);
}

static void admit(struct server *server, int socket, int64_t now) {
    uint32_t uid;
    int index;

    server->last = now;
    if (identity_read_uid(socket, &uid)) {
        close(socket);
        return;
    }
    index = connections_admit(&server->connections, uid, socket, now);
    if (index < 0) {
        answer_busy(socket);
        return;
    }
    if (events_add(server->events, socket, EVENT_CONNECTION, (unsigned)index)) {
        connections_drop(&server->connections, (unsigned)index);
        answer_busy(socket);
    }
}

static void stop_listening(struct server *server) {
    if (server->is_listening) {
        events_remove(server->events, server->listener);
    }
    server->is_listening = false;
}

/* Without descriptors the next connections wait in the kernel. */
static void accept_all(struct server *server, int64_t now) {
    for (int i = 0; i < ACCEPTS; i++) {
        int socket = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (socket >= 0) {
            admit(server, socket, now);
        } else if (errno != EINTR && errno != ECONNABORTED) {
            if (errno != EAGAIN) {
                stop_listening(server);
                server->listen_after = now + PAUSE;
            }
            return;
        }
    }
}

static void close_connection(struct server *server, unsigned index) {
    int socket = server->connections.connection[index].socket;

    connections_drop(&server->connections, index);
    close(socket);
}

/* A request is there; or the caller is gone. */
static void handle_connection(struct server *server, unsigned index, uint32_t what, int64_t now) {
    events_remove(server->events, server->connections.connection[index].socket);
    if (what & (EPOLLHUP | EPOLLERR)) {
        close_connection(server, index);
    } else {
        connections_make_ready(&server->connections, index, now);
    }
}

/* Not more at once than a child has to say: one in other hands could go on for ever. */
static void handle_reports(struct server *server, unsigned index, int64_t now) {
    const struct child *child = &server->children.child[index];
    struct child_report report = {0};

    for (unsigned i = 0; i < REPORTS_AT_ONCE; i++) {
        if (!children_hear(&server->children, index, &report, now)) {
            return;
        }
        if (report.step == CHILD_LOGS && child->state == CHILD_SERVES) {
            journal_write_report(&server->connections, child->user, &report, now);
        }
    }
}

/* Whose request crashed a child may have learned something of all that have its addresses. */
static void handle_crash(struct server *server, const struct child_end *end, int64_t now) {
    char line[LINE];

    children_replace_template(&server->children);
    if (end->had_user) {
        struct user *user = &server->connections.user[end->user];

        user->busy_until = now + BLOCKED;
        snprintf(line, sizeof(line),
                 "uid=%u: its child has ended by signal %d: a new template, and busy for %d s",
                 user->uid, end->signal, BLOCKED / 1000);
        journal_write(LOG_ERR, line);
    }
}

static void handle_overdue(const struct server *server, unsigned user) {
    char line[LINE];

    snprintf(line, sizeof(line), "uid=%u: its child took too long and was ended",
             server->connections.user[user].uid);
    journal_write(LOG_WARNING, line);
}

/*
 * Nobody asked for anything, so the fault is the host's or our own, and comes back with each try:
 * one that is told seldom is enough.
 */
static void handle_failure(struct server *server, int64_t now) {
    const int status = server->children.failed_status;
    char line[LINE];

    server->children.has_failed = false;
    if (now < server->tell_after) {
        return;
    }
    server->tell_after = now + SELDOM;
    snprintf(line, sizeof(line), "a process that was to serve has ended (%s %d)",
             WIFSIGNALED(status) ? "signal" : "status",
             WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    journal_write(LOG_ERR, line);
}

/*
 * Last of all the connection is closed, of which the child had a copy: a caller whose request
 * crashed a child must not connect again before it is known that it has to wait.
 */
static void handle_end(struct server *server, const struct child_end *end, int64_t now) {
    if (end->had_user) {
        connections_end(&server->connections, end->user);
        server->last = now;
    }
    if (end->crashed) {
        handle_crash(server, end, now);
    } else if (end->had_user && end->is_overdue) {
        handle_overdue(server, end->user);
    }
    if (end->had_user) {
        close(end->connection);
    }
}

static void handle_ends(struct server *server, int64_t now) {
    int status;
    int index = children_find_ended(&server->children, &status, now);

    while (index >= 0) {
        struct child_end end;

        handle_reports(server, (unsigned)index, now);
        end = children_forget(&server->children, (unsigned)index, status, now);
        handle_end(server, &end, now);
        index = children_find_ended(&server->children, &status, now);
    }
    if (server->children.has_failed) {
        handle_failure(server, now);
    }
}

static void handle_signal(struct server *server, int64_t now) {
    struct signalfd_siginfo info;

    if (read(server->signals, &info, sizeof(info)) != (ssize_t)sizeof(info)) {
        return;
    }
    if (info.ssi_signo != SIGCHLD && !server->drained_by) {
        server->drained_by = now + DRAINING;
        stop_listening(server);
    }
}

static void handle_template(struct server *server, int64_t now) {
    char line[LINE];
    int error = children_hear_template(&server->children, now);

    if (error) {
        snprintf(line, sizeof(line), "the policy is void (errno %d): everybody is denied", -error);
        journal_write(LOG_ERR, line);
    }
}

static void handle(struct server *server, const struct epoll_event *event, int64_t now) {
    unsigned index = (unsigned)event->data.u64;

    switch ((enum event_kind)(event->data.u64 >> 32)) {
    case EVENT_LISTENER:
        accept_all(server, now);
        break;
    case EVENT_SIGNAL:
        handle_signal(server, now);
        break;
    case EVENT_TEMPLATE:
        handle_template(server, now);
        break;
    case EVENT_CHILD:
        handle_reports(server, index, now);
        if (event->events & (EPOLLHUP | EPOLLERR)) {
            children_hang_up(&server->children, index);
        }
        break;
    case EVENT_CONNECTION:
        handle_connection(server, index, event->events, now);
        break;
    }
}

static bool is_gone(int socket) {
    struct pollfd asked = {.fd = socket, .events = POLLIN};

    return poll(&asked, 1, 0) > 0 && asked.revents & (POLLHUP | POLLERR);
}

static void dismiss_overdue(struct server *server, int64_t now) {
    struct connections *all = &server->connections;
    int index = connections_overdue(all, now);

    while (index >= 0) {
        int socket = all->connection[index].socket;

        if (all->connection[index].is_ready) {
            connections_drop(all, (unsigned)index);
            answer_busy(socket);
        } else {
            close_connection(server, (unsigned)index);
        }
        index = connections_overdue(all, now);
    }
}

static void serve_ready(struct server *server, int64_t now) {
    struct connections *all = &server->connections;
    int index = connections_next(all, now);

    while (index >= 0) {
        const struct connection *connection = &all->connection[index];
        int socket = connection->socket;

        if (is_gone(socket)) {
            close_connection(server, (unsigned)index);
        } else if (children_serve(&server->children, socket, connection->user, now)) {
            connections_begin(all, (unsigned)index, now);
        } else {
            return;
        }
        index = connections_next(all, now);
    }
}

static bool is_at_its_end(const struct server *server, int64_t now) {
    bool is_quiet = !server->connections.waiting && !server->connections.served;

    if (server->drained_by) {
        return is_quiet || now > server->drained_by;
    }
    return server->idle && is_quiet && now - server->last >= server->idle;
}

/* How long nothing has to be done unless an event comes; -1: without end. */
static int time_to_wait(const struct server *server, int64_t now) {
    if (server->connections.waiting || server->connections.served || server->drained_by) {
        return TICK;
    }
    if (!server->is_listening || children_count(&server->children, CHILD_WARM) < CHILDREN_WARM) {
        return PAUSE;
    }
    if (!server->idle) {
        return -1;
    }
    return server->last + server->idle > now ? (int)(server->last + server->idle - now) : 0;
}

static void start_listening(struct server *server, int64_t now) {
    if (server->is_listening || server->drained_by || now < server->listen_after) {
        return;
    }
    server->is_listening = !events_add(server->events, server->listener, EVENT_LISTENER, 0);
}

static void turn(struct server *server, int64_t now) {
    struct epoll_event event[EVENTS];
    int count;

    start_listening(server, now);
    dismiss_overdue(server, now);
    children_order(&server->children, CHILDREN_WARM, now);
    serve_ready(server, now);
    children_end_overdue(&server->children, now);
    count = epoll_wait(server->events, event, EVENTS, time_to_wait(server, now));
    now = now_milliseconds();
    for (int i = 0; i < count; i++) {
        handle(server, &event[i], now);
    }
    handle_ends(server, now);
}

static int watch_signals(struct server *server) {
    sigset_t watched;

    sigemptyset(&watched);
    sigaddset(&watched, SIGCHLD);
    sigaddset(&watched, SIGTERM);
    sigaddset(&watched, SIGINT);
    if (sigprocmask(SIG_SETMASK, &watched, NULL)) {
        return -errno;
    }
    server->signals = signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
    if (server->signals < 0) {
        return -errno;
    }
    return events_add(server->events, server->signals, EVENT_SIGNAL, 0);
}

/* As many may wait as there are descriptors for. */
static unsigned waiting_most(void) {
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) || files.rlim_cur < OTHER_FILES + PLACES_LEAST) {
        return PLACES_LEAST;
    }
    return files.rlim_cur > WAITING_MOST + OTHER_FILES ? WAITING_MOST
                                                       : (unsigned)files.rlim_cur - OTHER_FILES;
}

int server_run(int listener, int self, unsigned idle) {
    static struct server server;
    int error;

    server.listener = listener;
    server.idle = (int64_t)idle * 1000;
    server.last = now_milliseconds();
    server.events = epoll_create1(EPOLL_CLOEXEC);
    if (server.events < 0) {
        return -errno;
    }
    error = watch_signals(&server);
    if (error) {
        return error;
    }
    connections_init(&server.connections, waiting_most());
    children_init(&server.children, self, server.events);
    while (!is_at_its_end(&server, now_milliseconds())) {
        turn(&server, now_milliseconds());
    }
    return 0;
}
