// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the parent of the service reads and is told: connections that come, ask and go; messages of
 * template and children, of any size and with descriptors; their ends, at any time; SIGTERM.  The
 * input is a script of these.  Processes are played here: fork, kill and wait are not the kernel's.
 *
 * After each step the parent's counts are what its tables have, it has signalled nobody but a
 * process that it has not yet waited for, and it has not listened to one of them for too long.  In the end, whatever has happened, somebody new is
 * served, or the parent has ended in time; and no descriptor is left.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define REQUIRE(condition) do { if (!(condition)) abort(); } while (0)

static int play_kill(pid_t process, int number);
static pid_t play_waitpid(pid_t process, int *status, int options);
static int play_waitid(idtype_t kind, id_t id, siginfo_t *info, int options);
static int play_clock(clockid_t clock, struct timespec *now);
static int play_epoll(int events, struct epoll_event *event, int most, int timeout);

#include "helper/service/messages.h"

static int play_receive(int channel, void *bytes, size_t size, int *descriptor, int flags);

#define pass_receive play_receive
#define kill play_kill
#define waitpid play_waitpid
#define waitid play_waitid
#define clock_gettime play_clock
#define epoll_wait play_epoll
#include "helper/service/children.c"
#include "helper/service/server.c"
#undef pass_receive

#define PROCESSES 512
#define CLIENTS 64
#define UIDS 5
#define NEW_UID 77

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum life { NEVER, RUNS, ZOMBIE, WAITED_FOR };

/* Its process id is its place in the table, and 100. */
struct process {
    enum life life;
    bool is_template;
    int channel;    /* its end; -1: closed */
    int connection; /* that it has taken; -1 */
    int status;
    int slot;       /* of the order; -1: the report was sent */
};

struct client {
    int socket; /* -1 */
    uint32_t uid;
};

static struct server server;
static struct process process[PROCESSES];
static struct client client[CLIENTS];
static unsigned process_end;
static unsigned client_end;
static int64_t played_now;
static uint32_t coming[CLIENTS]; /* the uids of those that are not accepted yet */
static unsigned coming_begin;
static unsigned coming_end;
static int signals_in;
static int heard_channel; /* of which the parent has heard that often in this turn */
static unsigned heard;
static struct sockaddr_un listen_address;
static socklen_t listen_size;

struct script {
    const uint8_t *data;
    size_t left;
};

static unsigned next(struct script *script) {
    if (!script->left) {
        return 0;
    }
    script->left--;
    return *script->data++;
}

/* The kernel and the other processes ------------------------------------------------------------ */

static void tell_signal(int number) {
    struct signalfd_siginfo info = {.ssi_signo = (uint32_t)number};

    REQUIRE(write(signals_in, &info, sizeof(info)) == (ssize_t)sizeof(info) || errno == EAGAIN);
}

static void close_one(int *descriptor) {
    if (*descriptor >= 0) {
        close(*descriptor);
    }
    *descriptor = -1;
}

static void end_process(struct process *one, int status) {
    if (one->life != RUNS) {
        return;
    }
    close_one(&one->channel);
    close_one(&one->connection);
    one->life = ZOMBIE;
    one->status = status;
    tell_signal(SIGCHLD);
}

static pid_t start_process(bool is_template, int channel, int slot) {
    REQUIRE(process_end < PROCESSES);
    process[process_end] = (struct process){RUNS, is_template, channel, -1, 0, slot};
    return 100 + (pid_t)process_end++;
}

static struct process *find_process(pid_t id) {
    REQUIRE(id >= 100 && id < 100 + (pid_t)process_end);
    return &process[id - 100];
}

static int play_kill(pid_t id, int number) {
    struct process *one = find_process(id);

    REQUIRE(number == SIGKILL && (one->life == RUNS || one->life == ZOMBIE));
    end_process(one, SIGKILL);
    return 0;
}

static pid_t play_waitpid(pid_t id, int *status, int options) {
    struct process *one = find_process(id);

    REQUIRE(options == WNOHANG && (one->life == RUNS || one->life == ZOMBIE));
    if (one->life == RUNS) {
        return 0;
    }
    one->life = WAITED_FOR;
    if (status) {
        *status = one->status;
    }
    return id;
}

static int play_waitid(idtype_t kind, id_t id, siginfo_t *info, int options) {
    bool is_any = false;

    REQUIRE(options == (WEXITED | WNOHANG | WNOWAIT));
    if (kind == P_PID) {
        errno = ECHILD;
        return id >= 100 && id < 100 + process_end && process[id - 100].life != WAITED_FOR ? 0 : -1;
    }
    REQUIRE(kind == P_ALL);
    info->si_pid = 0;
    for (unsigned i = 0; i < process_end; i++) {
        is_any = is_any || process[i].life == RUNS;
        if (process[i].life == ZOMBIE) {
            info->si_pid = 100 + (pid_t)i;
            return 0;
        }
    }
    errno = ECHILD;
    return is_any ? 0 : -1;
}

static int play_clock(clockid_t clock, struct timespec *now) {
    REQUIRE(clock == CLOCK_MONOTONIC);
    now->tv_sec = played_now / 1000;
    now->tv_nsec = played_now % 1000 * 1000000;
    return 0;
}

static int play_epoll(int events, struct epoll_event *event, int most, int timeout) {
    REQUIRE(timeout >= -1);
    return (epoll_pwait)(events, event, most, 0, NULL);
}

/* Whatever one of them sends, the parent turns to the others. */
static int play_receive(int channel, void *bytes, size_t size, int *descriptor, int flags) {
    heard = channel == heard_channel ? heard + 1 : 1;
    heard_channel = channel;
    REQUIRE(heard <= 2 * REPORTS_AT_ONCE + 2);
    return pass_receive(channel, bytes, size, descriptor, flags);
}

pid_t template_start(int self, int *channel) {
    int pair[2];

    (void)self;
    if (process_end >= PROCESSES - 100) {
        return -EAGAIN;
    }
    REQUIRE(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
    *channel = pair[0];
    return start_process(true, pair[1], -1);
}

int identity_read_uid(int connection, uint32_t *uid) {
    REQUIRE(connection >= 0 && coming_begin < coming_end);
    *uid = coming[coming_begin++ % CLIENTS];
    return *uid ? 0 : -ENODATA; /* 0: as one whose ids the kernel does not tell */
}

int log_open(void) {
    return dup(STDERR_FILENO);
}

bool log_send(int log, int priority, const char *line) {
    unsigned uid;

    REQUIRE(log >= 0 && strlen(line) < LOG_LINE);
    REQUIRE(priority == LOG_INFO || priority == LOG_NOTICE || priority == LOG_WARNING || priority == LOG_ERR);
    for (const char *byte = line; *byte; byte++) {
        REQUIRE(*byte >= ' ' && *byte <= '~');
    }
    REQUIRE(sscanf(line, "uid=%u ", &uid) != 1 || uid == NEW_UID || uid < UIDS);
    REQUIRE(!strncmp(line, "uid=", 4) || !strncmp(line, "a process that", 14) || !strncmp(line, "the policy is void", 18));
    return true;
}

/* The steps of a script ------------------------------------------------------------------------- */

static void turns(unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        heard_channel = -1;
        turn(&server, played_now);
    }
}

/* The parent reads one signal in a turn. */
static void hear_signals(void) {
    struct pollfd asked = {.fd = server.signals, .events = POLLIN};

    while (poll(&asked, 1, 0) > 0) {
        turns(1);
    }
}

static void connect_client(uint32_t uid) {
    int made = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    REQUIRE(made >= 0);
    if (client_end == CLIENTS || coming_end - coming_begin == CLIENTS || connect(made, (void *)&listen_address, listen_size)) {
        close(made);
        return;
    }
    coming[coming_end++ % CLIENTS] = uid;
    client[client_end++] = (struct client){made, uid};
}

static void disturb_client(struct client *one, unsigned how) {
    if (one->socket < 0) {
        return;
    }
    if (how == 0) {
        (void)!send(one->socket, "request", 7, MSG_NOSIGNAL);
    } else if (how == 1) {
        close_one(&one->socket);
    } else if (how == 2) {
        shutdown(one->socket, SHUT_WR);
    } else {
        (void)!send(one->socket, "", 0, MSG_NOSIGNAL);
    }
}

static struct process *live_template(void) {
    for (unsigned i = process_end; i > 0; i--) {
        if (process[i - 1].is_template && process[i - 1].life == RUNS) {
            return &process[i - 1];
        }
    }
    return NULL;
}

/* The template forks, if it is to; its report may come later. */
static void fork_child(struct process *template, bool has_failed) {
    struct fork_order order = {0};
    struct fork_report report = {.child = -EAGAIN};
    int channel;

    if (pass_receive(template->channel, &order, sizeof(order), &channel, MSG_DONTWAIT)) {
        return;
    }
    REQUIRE(channel >= 0 && order.slot < CHILDREN_MOST);
    if (has_failed || process_end >= PROCESSES - 50) {
        close(channel);
        report.slot = order.slot;
        (void)!pass_send(template->channel, &report, sizeof(report), -1, MSG_DONTWAIT);
    } else {
        start_process(false, channel, (int)order.slot);
    }
}

static void report_forks(struct process *template, unsigned policy) {
    for (unsigned i = 0; i < process_end; i++) {
        struct fork_report report = {
            .slot = (uint32_t)process[i].slot,
            .child = 100 + (int32_t)i,
            .policy_error = policy & 1 ? -EACCES : 0,
            .policy_serial = policy,
        };

        if (process[i].slot >= 0 && &process[i] > template) {
            (void)!pass_send(template->channel, &report, sizeof(report), -1, MSG_DONTWAIT);
            process[i].slot = -1;
        }
    }
}

/* A message of any size, of what the input has, with descriptors. */
static void send_anything(int channel, struct script *script) {
    static uint8_t bytes[1024];
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * 4)] = {0};
    unsigned kind = next(script);
    size_t sizes[] = {sizeof(struct child_report), sizeof(struct fork_report), next(script), 4 * next(script)};
    struct iovec content = {bytes, sizes[kind & 3]};
    struct msghdr message = {.msg_iov = &content, .msg_iovlen = 1};
    struct cmsghdr *header = (void *)control;
    unsigned descriptors = kind >> 2 & 3;

    memset(bytes, (int)next(script), sizeof(bytes));
    for (unsigned i = 0; i < 24; i++) {
        bytes[i] = (uint8_t)next(script);
    }
    if (descriptors) {
        header->cmsg_len = CMSG_LEN(sizeof(int) * descriptors);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        for (unsigned i = 0; i < descriptors; i++) {
            memcpy(CMSG_DATA(header) + i * sizeof(int), &channel, sizeof(int));
        }
        message.msg_control = control;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * descriptors);
    }
    (void)!sendmsg(channel, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void say_line(struct process *child, unsigned uid, unsigned count) {
    struct child_report report = {.step = CHILD_LOGS, .priority = LOG_INFO};

    snprintf(report.line, sizeof(report.line), "uid=%u verdict=granted \x1b", uid);
    for (unsigned i = 0; i < count; i++) {
        (void)!pass_send(child->channel, &report, sizeof(report), -1, MSG_DONTWAIT);
    }
}

static void disturb_child(struct process *child, unsigned how, struct script *script) {
    static const int statuses[] = {0, 1 << 8, SIGKILL, SIGSEGV, SIGALRM, SIGSYS, SIGABRT, 127 << 8};
    const struct child_report leaves = {.step = CHILD_LEAVES};
    char byte;

    if (child->life != RUNS || child->channel < 0) {
        return;
    }
    if (how == 0) {
        end_process(child, statuses[next(script) & 7]);
    } else if (how == 1 && child->connection < 0) {
        (void)!pass_receive(child->channel, &byte, 1, &child->connection, MSG_DONTWAIT);
    } else if (how == 2) {
        (void)!pass_send(child->channel, &leaves, sizeof(leaves), -1, MSG_DONTWAIT);
    } else if (how == 3) {
        say_line(child, next(script) % UIDS, next(script));
    } else if (how == 4) {
        send_anything(child->channel, script);
    } else if (how == 5) {
        close_one(&child->channel);
    } else if (how == 6) {
        shutdown(child->channel, SHUT_WR);
    } else if (child->connection >= 0) {
        (void)!send(child->connection, "reply", 5, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
}

/* One that waits for a connection ends where none can come. */
static void end_forgotten(void) {
    for (unsigned i = 0; i < process_end; i++) {
        struct pollfd asked = {.fd = process[i].channel, .events = POLLIN};

        if (process[i].life == RUNS && process[i].connection < 0 && process[i].channel >= 0 && poll(&asked, 1, 0) > 0 &&
            asked.revents & POLLHUP) {
            end_process(&process[i], 1 << 8);
        }
    }
}

static void play(struct script *script) {
    unsigned what = next(script);
    unsigned which = next(script);
    struct process *template = live_template();

    if (what % 16 < 2) {
        connect_client(which % UIDS);
    } else if (what % 16 < 4 && client_end) {
        disturb_client(&client[which % client_end], what >> 4 & 3);
    } else if (what % 16 < 7 && template) {
        fork_child(template, which == 255);
        if (what & 16) {
            report_forks(template, which & 7);
        }
    } else if (what % 16 == 7 && template) {
        if (which & 1) {
            report_forks(template, which >> 1 & 7);
        } else {
            send_anything(template->channel, script);
        }
    } else if (what % 16 == 8 && template && which > 200) {
        end_process(template, which & 1 ? SIGSEGV : 127 << 8);
    } else if (what % 16 < 13 && process_end) {
        disturb_child(&process[which % process_end], what >> 4 & 7, script);
    } else if (what % 16 == 13) {
        played_now += which * 20;
    } else if (what % 16 == 14 && which == 1) {
        tell_signal(SIGTERM);
    }
}

/* What has to hold always ------------------------------------------------------------------------ */

static void check_counts(void) {
    static unsigned waiting_of[USERS_MOST];
    static unsigned served_of[USERS_MOST];
    const struct connections *all = &server.connections;
    unsigned waiting = 0;
    unsigned served = 0;

    memset(waiting_of, 0, all->user_end * sizeof(*waiting_of));
    memset(served_of, 0, all->user_end * sizeof(*served_of));
    for (unsigned i = 0; i < all->connection_end; i++) {
        if (all->connection[i].socket >= 0) {
            waiting++;
            waiting_of[all->connection[i].user]++;
        }
    }
    for (unsigned i = 0; i < CHILDREN_MOST; i++) {
        const struct child *child = &server.children.child[i];

        REQUIRE(child->state != CHILD_WARM || child->process);
        if (child->state == CHILD_SERVES) {
            served++;
            served_of[child->user]++;
        }
    }
    REQUIRE(waiting == all->waiting && served == all->served && served <= SERVED_MOST);
    for (unsigned i = 0; i < all->user_end; i++) {
        REQUIRE(all->user[i].waiting == waiting_of[i] && all->user[i].served == served_of[i]);
        REQUIRE(served_of[i] <= SERVED_OF_ONE && waiting_of[i] <= WAITING_OF_ONE);
    }
}

/* All others end, and the template does its work. */
static bool is_new_one_served(void) {
    const struct connections *all = &server.connections;
    struct process *template;

    for (unsigned i = 0; i < process_end; i++) {
        end_process(&process[i], SIGKILL);
    }
    while (client_end) {
        close_one(&client[--client_end].socket);
    }
    for (unsigned i = 0; i < 20; i++) {
        played_now += 500;
        turns(2);
        end_forgotten();
    }
    connect_client(NEW_UID);
    disturb_client(&client[client_end - 1], 0);
    for (unsigned i = 0; i < 20; i++) {
        template = live_template();
        if (template) {
            fork_child(template, false);
            report_forks(template, 0);
        }
        played_now += 60;
        turns(2);
        check_counts();
        if (all->served) {
            return all->user[all->turn].uid == NEW_UID;
        }
    }
    return false;
}

/* Those that wait are served or let go, and then the parent ends. */
static bool has_ended_in_time(void) {
    for (unsigned i = 0; i < 80; i++) {
        if (is_at_its_end(&server, played_now)) {
            return true;
        }
        played_now += 100;
        turns(1);
    }
    return false;
}

static void set_up(int signals[2]) {
    memset(&server, 0, sizeof(server));
    process_end = 0;
    client_end = 0;
    coming_begin = 0;
    coming_end = 0;
    played_now = 1000;
    REQUIRE(!pipe2(signals, O_CLOEXEC | O_NONBLOCK));
    signals_in = signals[1];
    server.signals = signals[0];
    server.last = played_now;
    server.events = epoll_create1(EPOLL_CLOEXEC);
    server.listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    REQUIRE(server.events >= 0 && server.listener >= 0);
    listen_address = (struct sockaddr_un){.sun_family = AF_UNIX};
    listen_size = sizeof(listen_address);
    REQUIRE(!bind(server.listener, (void *)&listen_address, sizeof(sa_family_t)));
    REQUIRE(!listen(server.listener, CLIENTS) && !getsockname(server.listener, (void *)&listen_address, &listen_size));
    REQUIRE(!events_add(server.events, server.signals, EVENT_SIGNAL, 0));
    connections_init(&server.connections, WAITING_MOST);
    children_init(&server.children, -1, server.events);
}

static void take_down(int signals[2]) {
    for (unsigned i = 0; i < process_end; i++) {
        close_one(&process[i].channel);
        close_one(&process[i].connection);
    }
    for (unsigned i = 0; i < client_end; i++) {
        close_one(&client[i].socket);
    }
    for (unsigned i = 0; i < server.connections.connection_end; i++) {
        close_one(&server.connections.connection[i].socket);
    }
    for (unsigned i = 0; i < CHILDREN_MOST; i++) {
        const struct child *child = &server.children.child[i];

        if (child->state != CHILD_NONE) {
            close(child->channel);
        }
        if (child->state == CHILD_SERVES) {
            close(child->connection);
        }
    }
    if (server.children.template) {
        close(server.children.template_channel);
    }
    close(server.events);
    close(server.listener);
    close(signals[0]);
    close(signals[1]);
}

static int lowest_free(void) {
    int free_one = dup(STDERR_FILENO);

    close(free_one);
    return free_one;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static bool is_log_open;
    struct script script = {data, size};
    int signals[2];
    int before;

    if (!is_log_open) {
        journal_write(LOG_ERR, "a process that"); /* its socket stays open */
        is_log_open = true;
    }
    before = lowest_free();
    set_up(signals);
    turns(1);
    while (script.left) {
        play(&script);
        turns(1);
        end_forgotten();
        check_counts();
    }
    hear_signals();
    REQUIRE(server.drained_by ? has_ended_in_time() : is_new_one_served());
    take_down(signals);
    REQUIRE(lowest_free() == before);
    return 0;
}
