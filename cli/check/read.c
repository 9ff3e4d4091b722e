// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The caller, the policy and the files of accounts, read under the helper's own conditions.  A
 * policy that is void is an answer; one that may not be read is none.
 */
#include "cli/accounts.h"
#include "cli/check/check.h"
#include "cli/policy_file.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fail(const char *object, const char *reason, const char *hint, bool json) {
    struct tapgrant_error error = {.code = TAPGRANT_FAILED};

    snprintf(error.object, sizeof(error.object), "%s", object);
    snprintf(error.reason, sizeof(error.reason), "%s", reason);
    snprintf(error.hint, sizeof(error.hint), "%s", hint);
    return output_error(&error, json);
}

static int fail_unread(const char *path, bool json) {
    return fail(path, "you may not read it", "ask as root, or the administrator", json);
}

static void read_own_ids(struct check *check) {
    int count = getgroups(NGROUPS_MAX, check->groups);

    check->caller = (struct caller){getuid(), getgid(), check->groups, 0};
    if (count > 0) {
        check->caller.group_count = (size_t)count;
    }
}

static void read_ids_of(struct check *check, const struct passwd *user) {
    int count = NGROUPS_MAX;

    if (getgrouplist(user->pw_name, user->pw_gid, check->groups, &count) < 0) {
        count = 0;
    }
    check->caller = (struct caller){user->pw_uid, user->pw_gid, check->groups, (size_t)count};
}

/* A subordinate id has no account; no group matters to it. */
static bool read_subordinate(struct check *check, uint32_t uid) {
    struct policy_subuid line;

    check->caller = (struct caller){.uid = uid, .gid = UINT32_MAX};
    return accounts_subordinate(uid, &line);
}

/* Reads an id in decimal digits.  False: TEXT is none. */
static bool read_id(const char *text, uint32_t *id) {
    char *end;
    unsigned long number = strtoul(text, &end, 10);

    if (*text < '0' || *text > '9' || *end || number >= UINT32_MAX) {
        return false;
    }
    *id = (uint32_t)number;
    return true;
}

int check_read_caller(struct check *check, const char *name, bool json) {
    const struct passwd *user;
    uint32_t uid;

    check->groups = calloc(NGROUPS_MAX, sizeof(gid_t));
    if (!check->groups) {
        return fail("tapgrant", "out of memory", "", json);
    }
    if (!name) {
        read_own_ids(check);
        return 0;
    }
    user = getpwnam(name);
    if (!user && read_id(name, &uid)) {
        user = getpwuid(uid);
        if (!user && read_subordinate(check, uid)) {
            return 0;
        }
    }
    if (!user) {
        return output_usage(json, "--user %s: no such user", name);
    }
    read_ids_of(check, user);
    return 0;
}

/* A policy_fault_fn.  The first fault is enough to say why the policy is void. */
static void note_fault(void *context, const struct policy_fault *fault) {
    struct check *check = context;
    char text[POLICY_FAULT_TEXT];
    char place[POLICY_FAULT_TEXT];

    if (!check->void_reason[0]) {
        snprintf(check->void_reason, CHECK_REASON, "%s: %s", policy_fault_place(fault, place),
                 policy_fault_text(fault, text));
    }
}

/* A name of the rules, or the caller's own, is not in the accounts. */
static void note_unknown_name(struct check *check) {
    bool lacks_own_name = check->policy.has_caller_name && !check->subject.name[0];
    const char *reason = "it names a user or group that is not in /etc/passwd or /etc/group: "
                         "tapgrant doctor";

    if (lacks_own_name) {
        reason = "it says {user}, and /etc/passwd has no name for this user";
    }
    snprintf(check->void_reason, CHECK_REASON, POLICY_PATH ": %s", reason);
}

static int read_accounts(struct check *check, bool json) {
    const char *path = NULL;
    int error = policy_accounts_read(&check->policy, &check->accounts, &path);

    if (error == -EACCES) {
        return fail_unread(path, json);
    }
    if (error) {
        snprintf(check->void_reason, CHECK_REASON, "%s: %s", path, accounts_reason(error));
        return 0;
    }
    if (policy_resolve(&check->policy, &check->accounts, &check->caller, &check->subject)) {
        note_unknown_name(check);
    }
    return 0;
}

int check_read_policy(struct check *check, bool json) {
    bool is_valid;
    int error = policy_file_load(&check->policy, &is_valid, note_fault, check);

    if (error == -EACCES) {
        return fail_unread(POLICY_PATH, json);
    }
    if (error) {
        snprintf(check->void_reason, CHECK_REASON, POLICY_PATH ": %s", policy_file_reason(error));
        check->void_hint = policy_file_remedy(error);
        return 0;
    }
    return is_valid ? read_accounts(check, json) : 0;
}

void check_free(struct check *check) {
    policy_file_free(&check->policy);
    accounts_free(&check->accounts);
    free(check->groups);
}
