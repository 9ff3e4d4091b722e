// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Mode, owner and group -> users of a policy.  qemu-bridge-helper reads its files as its caller: to
 * a caller who cannot read a file, it neither allows nor denies what the file says.
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

/* What the mode of something lets its owner, its group and all others do. */
struct access {
    bool user;
    bool group;
    bool other;
};

/* BIT is S_IROTH or S_IXOTH. */
static struct access access_of(mode_t mode, mode_t bit) {
    return (struct access){.user = mode >> 6 & bit, .group = mode >> 3 & bit, .other = mode & bit};
}

/*
 * The first class that a process is in decides, inode(7).  So a class that may do more than one
 * before it leaves out its own members who are in that one, which a policy cannot say.
 */
static struct readers of_mode(const struct stat *status, mode_t bit, const char *path) {
    struct access access = access_of(status->st_mode, bit);
    struct readers readers = {.kind = READERS_SOME, .uid = status->st_uid, .gid = status->st_gid};

    if ((access.other && !(access.user && access.group)) || (access.group && !access.user)) {
        readers.kind = READERS_UNKNOWN;
        snprintf(readers.why, sizeof(readers.why), "the mode of %.250s leaves some out", path);
    } else if (access.other) {
        readers.kind = READERS_ALL;
    } else if (access.user) {
        readers.has_group = access.group;
    } else {
        readers.uid = 0; /* nobody, but no mode stops root */
    }
    return readers;
}

static struct readers of_path(const char *path, const struct stat *status, mode_t bit) {
    struct readers readers = of_mode(status, bit, path);

    if (getxattr(path, "system.posix_acl_access", NULL, 0) >= 0) {
        readers.kind = READERS_UNKNOWN;
        snprintf(readers.why, sizeof(readers.why), "%.250s has an access control list", path);
    }
    return readers;
}

static struct readers unknown(const char *path, int error) {
    struct readers readers = {.kind = READERS_UNKNOWN};

    snprintf(readers.why, sizeof(readers.why), "%.200s: %s", path, strerror(error));
    return readers;
}

struct readers readers_of(int fd, const char *path) {
    char real[PATH_MAX];
    struct readers readers;
    struct stat status;

    if (fstat(fd, &status) || !realpath(path, real)) {
        return unknown(path, errno);
    }
    readers = of_path(real, &status, S_IROTH);
    for (char *slash = strrchr(real, '/'); slash; slash = strrchr(real, '/')) {
        const char *folder = slash == real ? "/" : real;
        struct readers of_folder;

        *slash = 0;
        if (stat(folder, &status)) {
            return unknown(folder, errno);
        }
        of_folder = of_path(folder, &status, S_IXOTH);
        readers = readers_of_both(&readers, &of_folder);
    }
    return readers;
}

struct readers readers_of_both(const struct readers *a, const struct readers *b) {
    struct readers both = {.kind = READERS_UNKNOWN};

    if (a->kind == READERS_UNKNOWN || b->kind == READERS_ALL) {
        return *a;
    }
    if (b->kind == READERS_UNKNOWN || a->kind == READERS_ALL) {
        return *b;
    }
    if (a->uid == b->uid && !a->has_group) {
        return *a;
    }
    if (a->uid == b->uid && (!b->has_group || a->gid == b->gid)) {
        return *b;
    }
    snprintf(both.why, sizeof(both.why), "only who is in two groups at once may read it");
    return both;
}

const char *readers_users(const struct readers *readers, char text[READERS_USERS]) {
    if (readers->kind == READERS_ALL) {
        return "*";
    }
    if (readers->has_group) {
        snprintf(text, READERS_USERS, "%u %%%u", readers->uid, readers->gid);
    } else {
        snprintf(text, READERS_USERS, "%u", readers->uid);
    }
    return text;
}

const char *readers_names(const struct readers *readers, char text[READERS_NAMES]) {
    const struct passwd *passwd = getpwuid(readers->uid);
    const struct group *group = readers->has_group ? getgrgid(readers->gid) : NULL;
    const char *user = passwd ? passwd->pw_name : "a user without a name";

    if (readers->kind == READERS_ALL) {
        return "everybody";
    }
    if (!readers->has_group) {
        snprintf(text, READERS_NAMES, "%.80s", user);
    } else if (!group) {
        snprintf(text, READERS_NAMES, "%.80s and a group without a name", user);
    } else {
        snprintf(text, READERS_NAMES, "%.80s and the group %.80s", user, group->gr_name);
    }
    return text;
}
