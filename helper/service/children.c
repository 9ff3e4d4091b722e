// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The parent's side of its children.
 *
 * A child's process id is known from the template's report on, and is the child's until this
 * process has waited for it: so a signal never reaches another process.  A child may have ended
 * before its report is heard; then it stays a zombie until it is.
 * Hostile here: a child that is in other hands may close its channel, send what is no report, give
 * the channel to its caller, or never end.
 * Privilege held: CAP_KILL; in its last step a child has its caller's ids.
 */
#include "helper/service/children.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helper/service/template.h"

#define DEADLINE 4000  /* milliseconds for a request, and for the template to fork */
#define LAST_STEP 2000 /* milliseconds to send the answer */
#define NEXT_ORDER 250 /* milliseconds after a failure, or one that stays would be tried for ever */

void children_init(struct children *all, int self, int events) {
    all->self = self;
    all->events = events;
}

unsigned children_count(const struct children *all, enum child_state state) {
    unsigned count = 0;

    for (unsigned i = 0; i < CHILDREN_MOST; i++) {
        count += all->child[i].state == state;
    }
    return count;
}

static void end(const struct child *child) {
    if (child->process) {
        kill(child->process, SIGKILL);
    }
}

static void forget(struct child *child) {
    close(child->channel);
    *child = (struct child){.state = CHILD_NONE};
}

/* Of the children that it was to fork no process id is known: they end with their channels. */
static void forget_template(struct children *all) {
    for (unsigned i = 0; i < CHILDREN_MOST; i++) {
        if (all->child[i].state == CHILD_ORDERED) {
            forget(&all->child[i]);
        }
    }
    if (all->template) {
        close(all->template_channel);
    }
    all->template = 0;
}

void children_replace_template(struct children *all) {
    if (all->template) {
        kill(all->template, SIGKILL);
    }
    forget_template(all);
    for (unsigned i = 0; i < CHILDREN_MOST; i++) {
        if (all->child[i].state == CHILD_WARM) {
            all->child[i].is_overdue = true;
            end(&all->child[i]);
        }
    }
}

static int start_template(struct children *all) {
    pid_t template = template_start(all->self, &all->template_channel);

    if (template <0) {
        return template;
    }
    all->template = template;
    return events_add(all->events, all->template_channel, EVENT_TEMPLATE, 0);
}

/* Of the pair that becomes the child's channel the template gets one end. */
static int order(struct children *all, unsigned index, int64_t now) {
    const struct fork_order message = {.slot = index};
    struct child *child = &all->child[index];
    int pair[2];
    int error;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
        return -errno;
    }
    error = pass_send(all->template_channel, &message, sizeof(message), pair[1], MSG_DONTWAIT);
    close(pair[1]);
    *child = (struct child){
        .state = CHILD_ORDERED,
        .channel = pair[0],
        .deadline = now + DEADLINE,
    };
    if (!error) {
        error = events_add(all->events, pair[0], EVENT_CHILD, index);
    }
    if (error) {
        children_replace_template(all);
    }
    return error;
}

static int find_free(const struct children *all) {
    for (int i = 0; i < CHILDREN_MOST; i++) {
        if (all->child[i].state == CHILD_NONE) {
            return i;
        }
    }
    return -EAGAIN;
}

static int order_one(struct children *all, int64_t now) {
    int error = all->template ? 0 : start_template(all);
    int index;

    if (error) {
        return error;
    }
    index = find_free(all);
    return index < 0 ? index : order(all, (unsigned)index, now);
}

void children_order(struct children *all, unsigned wanted, int64_t now) {
    unsigned there = children_count(all, CHILD_ORDERED) + children_count(all, CHILD_WARM);
    int error = 0;

    while (there < wanted && !error && now >= all->order_after) {
        error = order_one(all, now);
        there++;
    }
    if (error) {
        all->order_after = now + NEXT_ORDER;
    }
}

bool children_serve(struct children *all, int connection, unsigned user, int64_t now) {
    const char byte = 0;

    for (unsigned i = 0; i < CHILDREN_MOST; i++) {
        struct child *child = &all->child[i];

        if (child->state != CHILD_WARM || child->is_overdue) {
            continue;
        }
        if (!pass_send(child->channel, &byte, sizeof(byte), connection, MSG_DONTWAIT)) {
            child->state = CHILD_SERVES;
            child->user = user;
            child->connection = connection;
            child->deadline = now + DEADLINE;
            return true;
        }
        child->is_overdue = true;
        end(child);
    }
    return false;
}

static bool is_ours(const struct children *all, pid_t process) {
    for (unsigned i = 0; i < CHILDREN_MOST; i++) {
        if (all->child[i].state != CHILD_NONE && all->child[i].process == process) {
            return true;
        }
    }
    return process == all->template;
}

/* A number that were not a child's own could make this process signal another one. */
static bool is_new_child(const struct children *all, pid_t process) {
    siginfo_t info;

    if (process <= 0 || is_ours(all, process)) {
        return false;
    }
    return !waitid(P_PID, (id_t)process, &info, WEXITED | WNOHANG | WNOWAIT);
}

int children_hear_template(struct children *all, int64_t now) {
    struct fork_report report = {0};
    struct child *child;
    int error;

    if (!all->template) {
        return 0;
    }
    error = pass_receive(all->template_channel, &report, sizeof(report), NULL, MSG_DONTWAIT);
    if (error == -EAGAIN) {
        return 0;
    }
    if (error || report.slot >= CHILDREN_MOST || all->child[report.slot].state != CHILD_ORDERED) {
        children_replace_template(all);
        return 0;
    }
    child = &all->child[report.slot];
    if (report.child >= 0 && !is_new_child(all, report.child)) {
        children_replace_template(all);
        return 0;
    }
    if (report.child > 0) {
        child->process = report.child;
        child->state = CHILD_WARM;
    } else {
        forget(child);
        all->order_after = now + NEXT_ORDER;
    }
    if (!report.policy_error || report.policy_serial == all->policy_serial) {
        return 0;
    }
    all->policy_serial = report.policy_serial;
    return report.policy_error;
}

/* In its last step a child can be stopped, and would keep a place from others. */
bool children_hear(struct children *all, unsigned index, struct child_report *report, int64_t now) {
    struct child *child = &all->child[index];
    int error = pass_receive(child->channel, report, sizeof(*report), NULL, MSG_DONTWAIT);

    if (error == -EAGAIN) {
        return false;
    }
    if (error) {
        children_hang_up(all, index);
        return false;
    }
    report->line[sizeof(report->line) - 1] = 0;
    if (report->step == CHILD_LEAVES && !child->leaves) {
        child->leaves = true;
        child->deadline = now + LAST_STEP;
    }
    return true;
}

void children_hang_up(struct children *all, unsigned index) {
    struct child *child = &all->child[index];

    events_remove(all->events, child->channel);
    end(child);
}

void children_end_overdue(struct children *all, int64_t now) {
    for (unsigned i = 0; i < CHILDREN_MOST; i++) {
        struct child *child = &all->child[i];

        if (child->state == CHILD_ORDERED && now > child->deadline) {
            children_replace_template(all);
            return;
        }
        if (child->state == CHILD_SERVES && now > child->deadline) {
            child->is_overdue = true;
            end(child);
        }
    }
}

/* Processes of a template that was replaced, and that template. */
static void wait_for_strays(struct children *all) {
    siginfo_t info = {0};

    if (children_count(all, CHILD_ORDERED)) {
        return; /* what looks like one may be a child whose report is not heard yet */
    }
    while (!waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) && info.si_pid &&
           !is_ours(all, info.si_pid)) {
        waitpid(info.si_pid, NULL, WNOHANG);
        info.si_pid = 0;
    }
}

static void note_failure(struct children *all, int status, int64_t now) {
    all->has_failed = true;
    all->failed_status = status;
    all->order_after = now + NEXT_ORDER;
}

int children_find_ended(struct children *all, int *status, int64_t now) {
    for (int i = 0; i < CHILDREN_MOST; i++) {
        struct child *child = &all->child[i];

        if (child->process && waitpid(child->process, status, WNOHANG) == child->process) {
            child->process = 0;
            return i;
        }
    }
    if (all->template && waitpid(all->template, status, WNOHANG) == all->template) {
        forget_template(all);
        note_failure(all, *status, now);
    }
    wait_for_strays(all);
    return -1;
}

static bool is_crash(int signal) {
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS, SIGTRAP};

    for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++) {
        if (crashes[i] == signal) {
            return true;
        }
    }
    return false;
}

struct child_end children_forget(struct children *all, unsigned index, int status, int64_t now) {
    struct child *child = &all->child[index];
    struct child_end result = {
        .user = child->user,
        .had_user = child->state == CHILD_SERVES,
        .connection = child->connection,
        .is_overdue = child->is_overdue,
        .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
    };

    result.crashed = is_crash(result.signal) && !child->leaves;
    if (!result.had_user && !result.is_overdue) {
        note_failure(all, status, now);
    }
    forget(child);
    return result;
}
