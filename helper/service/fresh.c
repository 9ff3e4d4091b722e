// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The policy is read once for many children, and each child looks whether that is still true.
 *
 * A file that is written in place within the clock tick in which it was read keeps its size, its
 * inode and its times.  Ticks of the kernel's file times take 10 ms at most; file systems have
 * times of two seconds at the coarsest.  So what was younger than that when it was read is read
 * again, and what lies in the future is as good as young: the clock was set.
 *
 * Owner and mode are part of the stamp.  file_read_trusted() checked them of what it read, so an
 * equal stamp is the same check once more.
 * Hostile here: nobody but who can write the files, which the checks allow root alone.
 * Privilege held: the service user's; its group may be what opens the policy.
 */
#include "helper/service/fresh.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "conf/file/file.h"

#define SETTLED 2 /* seconds */
#define POLICY_FILE (POLICY_FOLDER "/policy.conf")

static const char *const paths[FRESH_FILES] = {
    POLICY_FOLDER, POLICY_FILE, "/etc", "/etc/passwd", "/etc/group", "/etc/subuid",
};

/* The folders are followed where they are links, as file_read_trusted() does; the files are not. */
static void look(const char *path, struct fresh_stamp *stamp) {
    const bool is_folder = path == paths[0] || path == paths[2];
    struct stat now;

    *stamp = (struct fresh_stamp){.error = 0};
    if (fstatat(AT_FDCWD, path, &now, is_folder ? 0 : AT_SYMLINK_NOFOLLOW)) {
        stamp->error = (uint64_t)errno;
        return;
    }
    stamp->device = now.st_dev;
    stamp->inode = now.st_ino;
    stamp->mode = now.st_mode;
    stamp->owner = now.st_uid;
    stamp->size = (uint64_t)now.st_size;
    stamp->written = now.st_mtim.tv_sec;
    stamp->written_nanoseconds = now.st_mtim.tv_nsec;
    stamp->changed = now.st_ctim.tv_sec;
    stamp->changed_nanoseconds = now.st_ctim.tv_nsec;
}

static void look_at_all(struct fresh_stamp stamps[FRESH_FILES]) {
    for (int i = 0; i < FRESH_FILES; i++) {
        look(paths[i], &stamps[i]);
    }
}

/* Is every time of the stamps older than so many seconds? */
static bool are_older(const struct fresh_stamp stamps[FRESH_FILES], time_t seconds) {
    struct timespec now;

    if (clock_gettime(CLOCK_REALTIME, &now)) {
        return false;
    }
    for (int i = 0; i < FRESH_FILES; i++) {
        if (stamps[i].written >= now.tv_sec - seconds ||
            stamps[i].changed >= now.tv_sec - seconds) {
            return false;
        }
    }
    return true;
}

static void forget(struct fresh_policy *fresh) {
    free(fresh->policy.rules);
    free(fresh->policy.text);
    free(fresh->accounts.passwd);
    free(fresh->accounts.group);
    free(fresh->accounts.subuid);
    memset(&fresh->policy, 0, sizeof(fresh->policy));
    memset(&fresh->accounts, 0, sizeof(fresh->accounts));
}

static int read_policy(struct fresh_policy *fresh) {
    const char *path;
    char *text;
    size_t size;
    int error = file_read_trusted(POLICY_FOLDER, "policy.conf", POLICY_SIZE, &text, &size);

    if (error) {
        return error;
    }
    error = policy_parse(&fresh->policy, text, size, NULL, NULL);
    free(text);
    if (error) {
        return error;
    }
    return policy_accounts_read(&fresh->policy, &fresh->accounts, &path);
}

void fresh_update(struct fresh_policy *fresh) {
    struct fresh_stamp before[FRESH_FILES];
    struct fresh_stamp after[FRESH_FILES];

    look_at_all(before);
    if (memcmp(before, fresh->stamps, sizeof(before)) != 0) {
        fresh->is_settled = false;
        fresh->serial++;
    }
    if (fresh->is_settled && are_older(before, 0)) {
        return;
    }
    fresh->is_settled = are_older(before, SETTLED);
    forget(fresh);
    fresh->error = read_policy(fresh);
    look_at_all(after);
    if (memcmp(before, after, sizeof(before)) != 0) {
        fresh->is_settled = false;
    }
    memcpy(fresh->stamps, before, sizeof(before));
}
