/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Inside helper/service: the parent's table of its children and of the template that forks them.
 * Times are milliseconds of CLOCK_MONOTONIC.
 */
#pragma once

#include "helper/service/connections.h"
#include "helper/service/events.h"
#include "helper/service/messages.h"

#define CHILDREN_WARM 4                             /* that wait for a connection */
#define CHILDREN_MOST (SERVED_MOST + CHILDREN_WARM) /* in all */

enum child_state {
    CHILD_NONE,
    CHILD_ORDERED,
    CHILD_WARM,
    CHILD_SERVES
};

struct child {
    enum child_state state;
    pid_t process; /* 0: not known yet */
    int channel;
    unsigned user;    /* whom it serves */
    int connection;   /* of that user; kept open as long as the child is there */
    int64_t deadline; /* until when it has to come or to end */
    bool leaves;      /* it has reported that its ids become the caller's */
    bool is_overdue;  /* the parent has ended it */
};

struct children {
    struct child child[CHILDREN_MOST];
    int self;       /* the program's file */
    int events;     /* of epoll(7) */
    pid_t template; /* 0: there is none */
    int template_channel;
    int64_t order_after; /* when the next template or child may be tried */
    bool has_failed;     /* a template, or a child that nobody had asked, has ended, not by us */
    int failed_status;   /* wait(2)'s, of the last one */
    uint32_t policy_serial;
};

/* What the end of a child means. */
struct child_end {
    unsigned user;
    bool had_user;   /* it served one */
    int connection;  /* that user's; the caller learns of the end when it is closed */
    bool is_overdue; /* it took too long, and was ended */
    bool crashed;    /* by SIGNAL, which its caller could not send */
    int signal;
};

/* ALL is zeros.  EVENTS gets the channels, as EVENT_TEMPLATE, and as EVENT_CHILD with the index. */
void children_init(struct children *all, int self, int events);

/* Starts a template if there is none, and orders children until WANTED are warm or ordered. */
void children_order(struct children *all, unsigned wanted, int64_t now);

/*
 * Hands the connection to a warm child that serves USER, and keeps it.  False: there is none, and
 * the connection is still the caller's of this function.
 */
CHECKED bool children_serve(struct children *all, int connection, unsigned user, int64_t now);

/* The template has something to say.  The policy's error if it is a new one, or 0. */
CHECKED int children_hear_template(struct children *all, int64_t now);

/* The next report of a child.  False: there is none.  A child that sends anything else is ended. */
CHECKED bool children_hear(struct children *all,
                           unsigned index,
                           struct child_report *report,
                           int64_t now);

/* The child has closed its channel: it has ended, or it has to. */
void children_hang_up(struct children *all, unsigned index);

/* Ends children and templates that take too long. */
void children_end_overdue(struct children *all, int64_t now);

/* Ends the template and the warm children, which have its addresses. */
void children_replace_template(struct children *all);

/* A child that has ended, after all of its reports were heard.  Its index, or -1. */
CHECKED int children_find_ended(struct children *all, int *status, int64_t now);

/* Forgets the child, whose STATUS is wait(2)'s, and says what its end means. */
struct child_end children_forget(struct children *all, unsigned index, int status, int64_t now);

/* How many are in that state. */
unsigned children_count(const struct children *all, enum child_state state);
