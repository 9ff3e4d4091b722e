// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who asks.  Nothing that the caller sends has a part in it.
 *
 * The kernel records the ids in connect(2) (net/unix/af_unix.c, init_peercred()), and they stay as
 * they were then, whoever holds the socket later.  A caller in a user namespace is the user that
 * the kernel maps it to here.  SO_NETNS_COOKIE of an accepted socket is of its maker's network
 * namespace: the kernel makes it in unix_stream_connect(), in the namespace of who connects.
 * Hostile here: the caller, who chose when to connect, and with which of its ids.
 * Privilege held: the service user's with its capabilities; nothing is done but asking.
 */
#include "helper/service/identity.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/types.h>

#define GROUPS_MOST 65536 /* NGROUPS_MAX, include/uapi/linux/limits.h */

static int read_credentials(int connection, struct ucred *peer) {
    socklen_t size = sizeof(*peer);

    if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, peer, &size)) {
        return -errno;
    }
    if (size != sizeof(*peer) || peer->uid == (uid_t)-1 || peer->gid == (gid_t)-1) {
        return -ENODATA;
    }
    return 0;
}

int identity_read_uid(int connection, uint32_t *uid) {
    struct ucred peer;
    int error = read_credentials(connection, &peer);

    *uid = error ? 0 : peer.uid;
    return error;
}

int identity_read(int connection, struct caller *caller) {
    static gid_t groups[GROUPS_MOST];
    socklen_t size = sizeof(groups);
    struct ucred peer;
    int error = read_credentials(connection, &peer);

    if (error) {
        return error;
    }
    if (getsockopt(connection, SOL_SOCKET, SO_PEERGROUPS, groups, &size)) {
        return -errno;
    }
    caller->uid = peer.uid;
    caller->gid = peer.gid;
    caller->groups = groups;
    caller->group_count = size / sizeof(*groups);
    return 0;
}

uint64_t identity_namespace(int socket) {
    uint64_t cookie = 0;
    socklen_t size = sizeof(cookie);

    if (getsockopt(socket, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) || size != sizeof(cookie)) {
        return 0;
    }
    return cookie;
}
