// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The listening socket, from the service manager or made here.
 * Hostile here: who can write in the folder of the path, which is checked to be root alone.
 * Privilege held: root, where a path is listened at; nothing has connected yet.
 */
#include "helper/service/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "helper/service/account.h"

#define FIRST 3 /* SD_LISTEN_FDS_START, sd_listen_fds(3) */

static bool is_option(int socket, int option, int wanted) {
    int value = 0;
    socklen_t size = sizeof(value);

    return !getsockopt(socket, SOL_SOCKET, option, &value, &size) && value == wanted;
}

static bool is_number(const char *name, long wanted) {
    const char *value = getenv(name);
    char text[24];

    snprintf(text, sizeof(text), "%ld", wanted);
    return value && !strcmp(value, text);
}

int listen_inherited(const char **reason) {
    if (!is_number("LISTEN_PID", getpid()) || !is_number("LISTEN_FDS", 1)) {
        *reason = "no socket came from the service manager: use --listen PATH, as root";
        return -ENOTSOCK;
    }
    if (!is_option(FIRST, SO_DOMAIN, AF_UNIX) || !is_option(FIRST, SO_TYPE, SOCK_SEQPACKET) ||
        !is_option(FIRST, SO_ACCEPTCONN, 1)) {
        *reason = "descriptor 3 is not a listening AF_UNIX socket of type SOCK_SEQPACKET";
        return -ENOTSOCK;
    }
    return FIRST;
}

/* The folder of PATH is root's alone: nobody else can take the socket's place. */
static int make_folder(const char *path, const char **reason) {
    const char *end = strrchr(path, '/');
    char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];
    struct stat stat;

    *reason = "the path is not an absolute one, or is too long for a socket";
    if (path[0] != '/' || end == path || strlen(path) >= sizeof(folder)) {
        return -EINVAL;
    }
    snprintf(folder, sizeof(folder), "%.*s", (int)(end - path), path);
    *reason = "the folder of the socket could not be made";
    if (mkdir(folder, 0755) && errno != EEXIST) {
        return -errno;
    }
    *reason = "the folder of the socket is not root's, or others can write it";
    if (lstat(folder, &stat)) {
        return -errno;
    }
    if (!S_ISDIR(stat.st_mode) || stat.st_uid || stat.st_mode & (S_IWGRP | S_IWOTH)) {
        return -EPERM;
    }
    return 0;
}

/* A socket that a service left, which nobody listens at, goes. */
static int remove_old(const struct sockaddr_un *address, const char **reason) {
    struct stat stat;
    int made;
    int error;

    *reason = "what is at the path is no socket";
    if (lstat(address->sun_path, &stat)) {
        return errno == ENOENT ? 0 : -errno;
    }
    if (!S_ISSOCK(stat.st_mode)) {
        return -EEXIST;
    }
    *reason = "another service listens at the path";
    made = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (made < 0) {
        return -errno;
    }
    error = connect(made, (const void *)address, sizeof(*address)) ? errno : EADDRINUSE;
    close(made);
    if (error != ECONNREFUSED) {
        return -EADDRINUSE;
    }
    return unlink(address->sun_path) ? -errno : 0;
}

/* Nobody but root can connect until it is what it is to be. */
static int bind_for(int made, const struct sockaddr_un *address, const char *group) {
    gid_t gid = 0;
    int error = group[0] ? account_read_group(group, &gid) : 0;

    if (error) {
        return error;
    }
    umask(0177);
    if (bind(made, (const void *)address, sizeof(*address))) {
        return -errno;
    }
    if (chown(address->sun_path, 0, gid)) {
        return -errno;
    }
    if (chmod(address->sun_path, group[0] ? 0660 : 0666)) {
        return -errno;
    }
    return listen(made, SOMAXCONN) ? -errno : 0;
}

int listen_at(const char *path, const char *group, const char **reason) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int error = make_folder(path, reason);
    int made;

    if (error) {
        return error;
    }
    memcpy(address.sun_path, path, strlen(path));
    error = remove_old(&address, reason);
    if (error) {
        return error;
    }
    *reason = "the socket could not be made";
    made = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (made < 0) {
        return -errno;
    }
    error = bind_for(made, &address, group);
    return error ? error : made;
}
