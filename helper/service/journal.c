// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * All lines of the service are its parent's: the log can tell by the sender that they are.
 * Hostile here: a child that is in other hands, by the line that it reports; the log's other end,
 * which may be full, closed, or made anew.
 * Privilege held: the parent's; nothing of it is used.
 */
#include "helper/service/journal.h"

#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

static int log_socket = -1;

/* A log that was closed and made anew is another one: it is looked for again, once. */
void journal_write(int priority, const char *line) {
    if (log_socket >= 0 && log_send(log_socket, priority, line)) {
        return;
    }
    if (log_socket >= 0) {
        close(log_socket);
    }
    log_socket = log_open();
    if (log_socket >= 0) {
        log_send(log_socket, priority, line);
    }
}

/* Every byte that is not printable ASCII becomes a question mark. */
static void clean(char *line) {
    for (; *line; line++) {
        if (*line < ' ' || *line > '~') {
            *line = '?';
        }
    }
}

void journal_write_report(struct connections *all,
                          unsigned user,
                          const struct child_report *report,
                          int64_t now) {
    char line[LOG_LINE];
    char head[24];
    unsigned lost = 0;

    snprintf(head, sizeof(head), "uid=%u verdict=", all->user[user].uid);
    snprintf(line, sizeof(line), "%s", report->line);
    clean(line);
    if (strncmp(line, head, strlen(head)) != 0) {
        snprintf(line, sizeof(line), "uid=%u: its child reports on another", all->user[user].uid);
    }
    if (!connections_may_log(all, user, now, &lost)) {
        return;
    }
    journal_write(report->priority == LOG_INFO ? LOG_INFO : LOG_NOTICE, line);
    if (lost) {
        snprintf(line, sizeof(line), "uid=%u lines=%u were too many", all->user[user].uid, lost);
        journal_write(LOG_WARNING, line);
    }
}
