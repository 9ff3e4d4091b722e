// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Mode, owner and group -> users of a policy.  qemu-bridge-helper reads its files as its caller: who cannot read one is
 * not allowed what it allows, and not denied what it denies.
 */
#include "cli/import/bridge-conf/readers.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

/* BITS, of the three classes, for what is owned by UID and GID.  The first class that one is in decides: inode(7). */
static struct readers of_mode(uid_t uid, gid_t gid, mode_t bits, const char *path) {
    struct readers readers = {.kind = READERS_SOME, .uid = uid, .gid = gid};
    bool user = bits & 4, group = bits & 2, other = bits & 1;

    if ((other && !(user && group)) || (group && !user)) {
        readers.kind = READERS_UNKNOWN;
        snprintf(readers.why, sizeof(readers.why), "the mode of %.250s leaves some out", path);
    } else if (other) {
        readers.kind = READERS_ALL;
    } else if (user) {
        readers.has_group = group;
    } else {
        readers.uid = 0;
    }
    return readers;
}

/* One bit of each class, S_IROTH or S_IXOTH and those of the others, as 4, 2, 1. */
static mode_t bits_of(mode_t mode, mode_t bit) {
    return (mode >> 6 & bit ? 4 : 0) | (mode >> 3 & bit ? 2 : 0) | (mode & bit ? 1 : 0);
}

static struct readers of_path(const char *path, const struct stat *status, mode_t bit) {
    struct readers readers = of_mode(status->st_uid, status->st_gid, bits_of(status->st_mode, bit), path);

    if (getxattr(path, "system.posix_acl_access", NULL, 0) < 0) return readers;
    readers.kind = READERS_UNKNOWN;
    snprintf(readers.why, sizeof(readers.why), "%.250s has an access control list", path);
    return readers;
}

static struct readers unknown(const char *path, int error) {
    struct readers readers = {.kind = READERS_UNKNOWN};

    snprintf(readers.why, sizeof(readers.why), "%.200s: %s", path, strerror(error));
    return readers;
}

struct readers readers_of(int fd, const char *path) {
    char real[PATH_MAX];
    struct readers readers, folder;
    struct stat status;

    if (fstat(fd, &status) || !realpath(path, real)) return unknown(path, errno);
    readers = of_path(real, &status, S_IROTH);
    for (char *slash = strrchr(real, '/'); slash; slash = strrchr(real, '/')) {
        *slash = 0;
        if (stat(*real ? real : "/", &status)) return unknown(real, errno);
        folder = of_path(*real ? real : "/", &status, S_IXOTH);
        readers = readers_of_both(&readers, &folder);
    }
    return readers;
}

struct readers readers_of_both(const struct readers *a, const struct readers *b) {
    struct readers both = {.kind = READERS_UNKNOWN};

    if (a->kind == READERS_UNKNOWN || b->kind == READERS_ALL) return *a;
    if (b->kind == READERS_UNKNOWN || a->kind == READERS_ALL) return *b;
    if (a->uid == b->uid && !a->has_group) return *a;
    if (a->uid == b->uid && (!b->has_group || a->gid == b->gid)) return *b;
    snprintf(both.why, sizeof(both.why), "only who is in two groups at once may read it");
    return both;
}

const char *readers_users(const struct readers *readers, char text[40]) {
    if (readers->kind == READERS_ALL) return "*";
    if (readers->has_group)
        snprintf(text, 40, "%u %%%u", readers->uid, readers->gid);
    else
        snprintf(text, 40, "%u", readers->uid);
    return text;
}

const char *readers_names(const struct readers *readers, char text[200]) {
    const struct passwd *user = getpwuid(readers->uid);
    const struct group *group = readers->has_group ? getgrgid(readers->gid) : NULL;

    if (readers->kind == READERS_ALL) return "everybody";
    snprintf(text, 200, "%.80s%s%.80s", user ? user->pw_name : "a user without a name",
             !readers->has_group ? "" : group ? " and the group " : " and a group without a name", group ? group->gr_name : "");
    return text;
}
