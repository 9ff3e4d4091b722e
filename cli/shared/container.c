// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A process sees of the unix sockets of its host only those of its own network namespace:
 * net/unix/af_unix.c, unix_seq_start().  So a listener that takes connections and is not listed is
 * another namespace's.
 */
#include "cli/shared/container.h"

#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SHELL_PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=.,:/@%"

static bool service_listens(void) {
    const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = SOCKET_PATH};
    int service = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool listens;

    if (service < 0) {
        return false;
    }
    listens = !connect(service, (const struct sockaddr *)&address, sizeof(address));
    close(service);
    return listens;
}

/* Is a socket of this path in the list?  True, too, if there is no list. */
static bool is_listed(void) {
    FILE *list = fopen("/proc/net/unix", "re");
    char line[512];
    bool is_found = false;

    if (!list) {
        return true;
    }
    while (!is_found && fgets(line, sizeof(line), list)) {
        const char *path = strchr(line, '/');

        is_found = path && !strncmp(path, SOCKET_PATH, strlen(SOCKET_PATH)) &&
                   path[strlen(SOCKET_PATH)] == '\n';
    }
    fclose(list);
    return is_found;
}

/* Where tapgrant is installed, the folder is there, even if somebody has deleted the policy. */
static bool has_policy(void) {
    return !access(POLICY_FOLDER, F_OK) || errno != ENOENT;
}

bool container_is(void) {
    return (!has_policy() || !is_listed()) && service_listens();
}

/* The id that the host has for UID of this user namespace, as its owner wrote the map. */
static uint32_t id_on_host(uint32_t uid) {
    FILE *map = fopen("/proc/self/uid_map", "re");
    uint32_t first = 0;
    uint32_t outside = 0;
    uint32_t count = 0;
    uint32_t on_host = uid;

    if (!map) {
        return uid;
    }
    while (fscanf(map, "%" SCNu32 " %" SCNu32 " %" SCNu32, &first, &outside, &count) == 3) {
        if (uid >= first && uid - first < count) {
            on_host = outside + (uid - first);
            break;
        }
    }
    fclose(map);
    return on_host;
}

/* The id of USER in this container; of the caller if there is no such user. */
static uint32_t id_of(const char *user) {
    const struct passwd *account = user ? getpwnam(user) : NULL;
    char *end;
    unsigned long number;

    if (account) {
        return account->pw_uid;
    }
    if (!user || *user < '0' || *user > '9') {
        return getuid();
    }
    number = strtoul(user, &end, 10);
    return *end || number >= UINT32_MAX ? getuid() : (uint32_t)number;
}

/* A specification as a word for the shell.  False: it has a quote, or there is no room. */
static bool add_spec(char text[CONTAINER_COMMAND], const char *spec) {
    const char *quote = spec[0] && !spec[strspn(spec, SHELL_PLAIN)] ? "" : "'";
    size_t used = strlen(text);
    int length =
        snprintf(text + used, CONTAINER_COMMAND - used, " --net %s%s%s", quote, spec, quote);

    return !strchr(spec, '\'') && (size_t)length < CONTAINER_COMMAND - used;
}

const char *container_command(const char *user,
                              char *const spec[],
                              size_t count,
                              char text[CONTAINER_COMMAND]) {
    snprintf(text, CONTAINER_COMMAND, "tapgrant check --user %u --other-netns",
             id_on_host(id_of(user)));
    for (size_t i = 0; i < count; i++) {
        if (!add_spec(text, spec[i])) {
            text[0] = 0;
            break;
        }
    }
    return text;
}
