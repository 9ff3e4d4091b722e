/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Inside helper/service: who waits, who is served, and whose turn it is.  Nothing here makes a
 * system call.  Times are milliseconds of CLOCK_MONOTONIC.
 *
 * A connection is silent until its request is there, then ready, then begun; from then on it is
 * only counted for its user.  Uids take turns, and the connections of one uid follow each other.
 */
#pragma once

#include <sys/types.h>

#include "wire/wire.h"

#define WAITING_MOST 2048    /* connections that wait, silent or ready */
#define WAITING_OF_ONE 256   /* of one uid */
#define WAITING_RESERVED 256 /* of all, for uids of which none waits */
#define SERVED_MOST 64       /* requests that are served at one time */
#define SERVED_OF_ONE 8      /* of one uid */
#define SERVED_RESERVED 8    /* of all, for uids of which none is served */
#define STARTS_A_SECOND 50   /* of one uid, on average */
#define STARTS_AT_ONCE 256   /* of one uid, after a pause */
#define LINES_A_SECOND 64    /* in the log, of one uid, on average */
#define LINES_AT_ONCE 512    /* in the log, of one uid, after a pause */
#define SILENT_MOST 2000     /* milliseconds without a request */
#define READY_MOST 8000      /* milliseconds with one: less than the library waits */
#define USERS_MOST 2560      /* more than can wait and be served, so that one is always free */

/* So many may go through at once, and then so many a second.  In thousandths. */
struct bucket {
    int64_t left;
    int64_t filled; /* when */
};

struct user {
    uint32_t uid;
    unsigned waiting;
    unsigned served;
    int first_ready; /* an index of connections; -1: none */
    int last_ready;
    int64_t busy_until; /* its connections are answered busy until then */
    struct bucket starts;
    struct bucket lines;
    unsigned lines_lost; /* since the last one that the log got */
};

struct connection {
    int socket; /* -1: this entry is free */
    unsigned user;
    bool is_ready;
    int64_t since; /* when it came, or became ready */
    int next_ready;
};

struct connections {
    struct connection connection[WAITING_MOST];
    struct user user[USERS_MOST];
    unsigned connection_end; /* all entries from here on are free */
    unsigned user_end;
    unsigned waiting_most; /* WAITING_MOST, or less if the process may not open so many files */
    unsigned waiting;
    unsigned served;
    unsigned turn; /* the user that was served last */
};

/* ALL is zeros.  At most WAITING_MOST can wait, or fewer where the process can have fewer files. */
void connections_init(struct connections *all, unsigned waiting_most);

/* A new connection.  Its index, or -EBUSY: there is no room for it, or its uid has to wait. */
CHECKED int connections_admit(struct connections *all, uint32_t uid, int socket, int64_t now);

/* Its request is there. */
void connections_make_ready(struct connections *all, unsigned index, int64_t now);

/* The ready connection whose turn it is, if one more can be served now; -1: none. */
int connections_next(struct connections *all, int64_t now);

/* It is served, and forgotten but for its user, whose index this returns. */
unsigned connections_begin(struct connections *all, unsigned index, int64_t now);
void connections_end(struct connections *all, unsigned user);

/* It is forgotten.  A ready one must be the first of its user's. */
void connections_drop(struct connections *all, unsigned index);

/* A connection that has waited for too long, or whose user is to be answered busy; -1: none. */
int connections_overdue(const struct connections *all, int64_t now);

/* May a line of this user be written?  If so, *LOST is how many were not since the last one. */
bool connections_may_log(struct connections *all, unsigned user, int64_t now, unsigned *lost);
