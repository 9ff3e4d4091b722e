// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The caller, the policy and the files of accounts, read under the helper's own conditions.  A
 * policy that is void is an answer; one that may not be read is none.
 */
#include "cli/answer/answer.h"
#include "cli/shared/accounts.h"
#include "cli/shared/policy_file.h"
#include "wire/text.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fail(struct tapgrant_error *error,
                int code,
                const char *object,
                const char *reason,
                const char *hint) {
    *error = (struct tapgrant_error){.code = code};
    snprintf(error->object, sizeof(error->object), "%.127s", object);
    snprintf(error->reason, sizeof(error->reason), "%s", reason);
    snprintf(error->hint, sizeof(error->hint), "%s", hint);
    snprintf(error->reason_code, sizeof(error->reason_code), "%s",
             code == TAPGRANT_USAGE ? "usage" : "unknown");
    return code;
}

/* ERROR_NUMBER says nothing about what the helper meets: the answer is not known. */
static int fail_unread(struct tapgrant_error *error, const char *path, int error_number) {
    if (error_number == -EACCES) {
        return fail(error, TAPGRANT_FAILED, path, "you may not read it",
                    "ask as root, or the administrator");
    }
    return fail(error, TAPGRANT_FAILED, path, strerror(-error_number), "");
}

static void read_own_ids(struct check *check) {
    int count = getgroups(NGROUPS_MAX, check->groups);

    check->caller = (struct caller){getuid(), getgid(), check->groups, 0};
    if (count > 0) {
        check->caller.group_count = (size_t)count;
    }
    check->has_account = true;
}

static void read_ids_of(struct check *check, const struct passwd *user) {
    int count = NGROUPS_MAX;

    if (getgrouplist(user->pw_name, user->pw_gid, check->groups, &count) < 0) {
        count = 0;
    }
    check->caller = (struct caller){user->pw_uid, user->pw_gid, check->groups, (size_t)count};
    check->has_account = true;
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

/* The name service reads these files, and says nothing about one that it may not read. */
static int check_readable(struct tapgrant_error *error) {
    static const char *const files[] = {"/etc/passwd", "/etc/group"};

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        if (access(files[i], R_OK) && errno == EACCES) {
            return fail_unread(error, files[i], -EACCES);
        }
    }
    return TAPGRANT_OK;
}

static int read_user(struct check *check, const char *name, struct tapgrant_error *error) {
    const struct passwd *user;
    char shown[100];
    char reason[200];
    uint32_t uid;
    int code = check_readable(error);

    if (code) {
        return code;
    }
    user = getpwnam(name);
    if (!user && read_id(name, &uid)) {
        user = getpwuid(uid);
        if (!user) {
            /* an id without an account: no group is known of it */
            check->caller = (struct caller){.uid = uid, .gid = UINT32_MAX};
            return TAPGRANT_OK;
        }
    }
    if (!user) {
        snprintf(reason, sizeof(reason), "--user %s: no such user",
                 text_printable(name, shown, sizeof(shown)));
        return fail(error, TAPGRANT_USAGE, "usage", reason, "tapgrant --help shows how");
    }
    read_ids_of(check, user);
    return TAPGRANT_OK;
}

static int read_caller(struct check *check, const char *user, struct tapgrant_error *error) {
    check->groups = calloc(NGROUPS_MAX, sizeof(gid_t));
    if (!check->groups) {
        return fail(error, TAPGRANT_FAILED, "tapgrant", "out of memory", "");
    }
    if (user) {
        return read_user(check, user, error);
    }
    read_own_ids(check);
    return TAPGRANT_OK;
}

/* A policy_fault_fn.  The first fault is enough to say why the policy is void. */
static void note_fault(void *context, const struct policy_fault *fault) {
    struct check *check = context;
    char text[POLICY_FAULT_TEXT];

    if (check->void_reason[0]) {
        return;
    }
    policy_fault_text(fault, text);
    if (fault->line) {
        snprintf(check->void_reason, CHECK_REASON, "%s:%u: %s", check->policy_path, fault->line,
                 text);
    } else {
        snprintf(check->void_reason, CHECK_REASON, "%s: %s", check->policy_path, text);
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
    snprintf(check->void_reason, CHECK_REASON, "%s: %s", check->policy_path, reason);
}

static int read_accounts(struct check *check, struct tapgrant_error *error) {
    const char *path = NULL;
    int unread = policy_accounts_read(&check->policy, &check->accounts, &path);

    if (unread && !policy_file_is_refused(unread)) {
        return fail_unread(error, path, unread);
    }
    if (unread) {
        snprintf(check->void_reason, CHECK_REASON, "%s: %s", path, accounts_reason(unread));
        return TAPGRANT_OK;
    }
    if (policy_resolve(&check->policy, &check->accounts, &check->caller, &check->subject)) {
        note_unknown_name(check);
    }
    return TAPGRANT_OK;
}

static int read_policy(struct check *check, struct tapgrant_error *error) {
    bool is_valid;
    int unread = policy_file_load(&check->policy, &is_valid, note_fault, check);

    if (unread && !policy_file_is_refused(unread)) {
        return fail_unread(error, POLICY_PATH, unread);
    }
    if (unread) {
        snprintf(check->void_reason, CHECK_REASON, POLICY_PATH ": %s", policy_file_reason(unread));
        check->void_hint = policy_file_remedy(unread);
        return TAPGRANT_OK;
    }
    return is_valid ? read_accounts(check, error) : TAPGRANT_OK;
}

/* A policy that is not installed: any file. */
static int read_named_policy(struct check *check, const char *path, struct tapgrant_error *error) {
    char reason[200];
    bool is_valid;
    int unread = policy_file_load_named(path, &check->policy, &is_valid, note_fault, check);

    if (unread) {
        snprintf(reason, sizeof(reason), "cannot be read: %s", strerror(-unread));
        return fail(error, TAPGRANT_USAGE, check->policy_path, reason, "");
    }
    return is_valid ? read_accounts(check, error) : TAPGRANT_OK;
}

int check_read(struct check *check,
               const struct check_question *question,
               struct tapgrant_error *error) {
    int code;

    *check = (struct check){.has_account = false};
    text_printable(question->policy ? question->policy : POLICY_PATH, check->policy_path,
                   sizeof(check->policy_path));
    code = read_caller(check, question->user, error);
    if (code) {
        return code;
    }
    check->caller.is_in_other_netns = question->other_netns;
    if (question->policy) {
        return read_named_policy(check, question->policy, error);
    }
    return read_policy(check, error);
}

const char *check_caller_name(const struct check *check, char text[POLICY_WORD]) {
    const struct passwd *user = getpwuid(check->caller.uid);

    if (user) {
        return text_printable(user->pw_name, text, POLICY_WORD);
    }
    snprintf(text, POLICY_WORD, "uid %u", check->caller.uid);
    return text;
}

void check_free(struct check *check) {
    policy_file_free(&check->policy);
    accounts_free(&check->accounts);
    free(check->groups);
}
