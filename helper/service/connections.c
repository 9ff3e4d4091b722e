// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The bounds that keep one user's connections from being everybody's.
 *
 * There are more entries for users than connections that can be there, so an entry without a
 * connection can always be found.  It then forgets how much its user had started: whoever can make
 * thousands of uids connect has as many users' shares anyway.
 * Hostile here: every local user, by how many connections it makes, and when.
 * Privilege held: the parent's; nothing of it is used.
 */
#include "helper/service/connections.h"

#include <errno.h>

#define THOUSAND INT64_C(1000)

void connections_init(struct connections *all, unsigned waiting_most) {
    all->waiting_most = waiting_most < WAITING_MOST ? waiting_most : WAITING_MOST;
}

static void fill(struct bucket *bucket, int64_t a_second, int64_t most, int64_t now) {
    bucket->left += (now - bucket->filled) * a_second;
    if (bucket->left > most * THOUSAND) {
        bucket->left = most * THOUSAND;
    }
    bucket->filled = now;
}

/* How readily an entry is given to another uid; 0: never. */
static int forgettable(const struct user *user, int64_t now) {
    if (user->waiting || user->served) {
        return 0;
    }
    return user->busy_until > now ? 1 : 2;
}

/* One that was never used, or else the first of those that are given most readily. */
static unsigned find_free_user(const struct connections *all, int64_t now) {
    unsigned best = 0;

    if (all->user_end < USERS_MOST) {
        return all->user_end;
    }
    for (unsigned i = 1; i < USERS_MOST; i++) {
        if (forgettable(&all->user[i], now) > forgettable(&all->user[best], now)) {
            best = i;
        }
    }
    return best;
}

static unsigned find_user(struct connections *all, uint32_t uid, int64_t now) {
    unsigned index = 0;

    while (index < all->user_end && all->user[index].uid != uid) {
        index++;
    }
    if (index < all->user_end) {
        return index;
    }
    index = find_free_user(all, now);
    all->user[index] = (struct user){
        .uid = uid,
        .first_ready = -1,
        .last_ready = -1,
        .starts = {STARTS_AT_ONCE * THOUSAND, now},
        .lines = {LINES_AT_ONCE * THOUSAND, now},
    };
    if (index == all->user_end) {
        all->user_end++;
    }
    return index;
}

static unsigned find_free_connection(const struct connections *all) {
    unsigned index = 0;

    while (index < all->connection_end && all->connection[index].socket >= 0) {
        index++;
    }
    return index;
}

static bool has_room(const struct connections *all, const struct user *user, int64_t now) {
    const unsigned for_all =
        all->waiting_most - all->waiting_most * WAITING_RESERVED / WAITING_MOST;

    if (user->busy_until > now || user->waiting >= WAITING_OF_ONE) {
        return false;
    }
    return all->waiting < (user->waiting ? for_all : all->waiting_most);
}

int connections_admit(struct connections *all, uint32_t uid, int socket, int64_t now) {
    unsigned user = find_user(all, uid, now);
    unsigned index;

    if (!has_room(all, &all->user[user], now)) {
        return -EBUSY;
    }
    index = find_free_connection(all);
    all->connection[index] = (struct connection){
        .socket = socket,
        .user = user,
        .since = now,
        .next_ready = -1,
    };
    if (index == all->connection_end) {
        all->connection_end++;
    }
    all->waiting++;
    all->user[user].waiting++;
    return (int)index;
}

void connections_make_ready(struct connections *all, unsigned index, int64_t now) {
    struct connection *connection = &all->connection[index];
    struct user *user = &all->user[connection->user];

    connection->is_ready = true;
    connection->since = now;
    if (user->last_ready >= 0) {
        all->connection[user->last_ready].next_ready = (int)index;
    } else {
        user->first_ready = (int)index;
    }
    user->last_ready = (int)index;
}

/* A few uids whose children are slow to end must not have all places. */
static bool can_start(const struct connections *all, struct user *user, int64_t now) {
    const unsigned most = user->served ? SERVED_MOST - SERVED_RESERVED : SERVED_MOST;

    if (user->first_ready < 0 || user->served >= SERVED_OF_ONE || all->served >= most) {
        return false;
    }
    fill(&user->starts, STARTS_A_SECOND, STARTS_AT_ONCE, now);
    return user->starts.left >= THOUSAND;
}

int connections_next(struct connections *all, int64_t now) {
    for (unsigned i = 1; i <= all->user_end; i++) {
        struct user *user = &all->user[(all->turn + i) % all->user_end];

        if (can_start(all, user, now)) {
            return user->first_ready;
        }
    }
    return -1;
}

void connections_drop(struct connections *all, unsigned index) {
    struct connection *connection = &all->connection[index];
    struct user *user = &all->user[connection->user];

    if (connection->is_ready) {
        user->first_ready = connection->next_ready;
        if (user->first_ready < 0) {
            user->last_ready = -1;
        }
    }
    user->waiting--;
    all->waiting--;
    connection->socket = -1;
    while (all->connection_end && all->connection[all->connection_end - 1].socket < 0) {
        all->connection_end--;
    }
}

unsigned connections_begin(struct connections *all, unsigned index, int64_t now) {
    unsigned user = all->connection[index].user;

    connections_drop(all, index);
    fill(&all->user[user].starts, STARTS_A_SECOND, STARTS_AT_ONCE, now);
    all->user[user].starts.left -= THOUSAND;
    all->user[user].served++;
    all->served++;
    all->turn = user;
    return user;
}

void connections_end(struct connections *all, unsigned user) {
    all->user[user].served--;
    all->served--;
}

int connections_overdue(const struct connections *all, int64_t now) {
    for (unsigned i = 0; i < all->connection_end; i++) {
        const struct connection *connection = &all->connection[i];
        const struct user *user = &all->user[connection->user];

        if (connection->socket < 0) {
            continue;
        }
        if (!connection->is_ready && now - connection->since > SILENT_MOST) {
            return (int)i;
        }
        if (user->first_ready == (int)i &&
            (now - connection->since > READY_MOST || user->busy_until > now)) {
            return (int)i;
        }
    }
    return -1;
}

bool connections_may_log(struct connections *all, unsigned user, int64_t now, unsigned *lost) {
    struct user *whose = &all->user[user];

    fill(&whose->lines, LINES_A_SECOND, LINES_AT_ONCE, now);
    if (whose->lines.left < THOUSAND) {
        whose->lines_lost++;
        return false;
    }
    whose->lines.left -= THOUSAND;
    *lost = whose->lines_lost;
    whose->lines_lost = 0;
    return true;
}
