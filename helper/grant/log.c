// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The administrator is told.  syslog(3) allocates, reads the time zone and takes its identity from
 * argv[0]; a line of our own to the same socket does none of it.
 * Hostile here: the socket's other end, which may be full, closed, or somebody else's; nothing is
 * read from it.
 * Privilege held: root to open it; to write, what the stage has.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "helper/grant/grant.h"

#define HEAD 32 /* bytes: more than "<86>tapgrant[PID]: " has */

int log_open(void) {
    const struct sockaddr_un address = {AF_UNIX, "/dev/log"};
    int log = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (connect(log, (const void *)&address, sizeof(address))) {
        close(log);
        return -1;
    }
    return log;
}

bool log_send(int log, int priority, const char *line) {
    char text[HEAD + LOG_LINE];

    snprintf(text,
             sizeof(text),
             "<%d>tapgrant[%d]: %s",
             LOG_AUTHPRIV | priority,
             (int)getpid(),
             line);
    return send(log, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

/* The words of enum wire_status. */
static const char *const verdicts[] = {
    [WIRE_GRANTED] = "granted",
    [WIRE_OTHER_VERSION] = "version",
    [WIRE_MALFORMED] = "malformed",
    [WIRE_UNPRIVILEGED] = "unprivileged",
    [WIRE_DENIED] = "denied",
    [WIRE_UNFIT_BRIDGE] = "unfit-bridge",
    [WIRE_OVER_QUOTA] = "over-quota",
    [WIRE_NAME_TAKEN] = "name-taken",
    [WIRE_FAILED] = "failed",
    [WIRE_BUSY] = "busy",
    [WIRE_OTHER_NETNS] = "other-netns",
    [WIRE_UNKNOWN_FIELD] = "unknown-field",
};

void log_decision(const struct grant *grant, int result, uint32_t index) {
    const struct wire_interface *wanted = &grant->request.interface[index];
    const struct wire_device *told = &grant->reply.device[index];
    char line[LOG_LINE];

    snprintf(line,
             sizeof(line),
             "uid=%u verdict=%s rule=%s device=%s index=%u bridge=%s stage=%d error=%u via=%s",
             grant->caller->uid,
             verdicts[grant->reply.status],
             told->rule,
             result ? wanted->dev : told->dev,
             told->ifindex,
             result ? wanted->bridge : told->bridge,
             (int)grant->stage,
             grant->reply.error,
             grant->via);
    grant->tell(grant->log, result ? LOG_NOTICE : LOG_INFO, line);
}
