/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The administrator's policy, tapgrant-policy(5): read, parsed, and asked.  The same source decides in the
 * privileged helper and explains in the command.
 *
 *   policy_file_read      a file that only root can write -> bytes
 *   policy_parse          bytes -> rules; all or nothing
 *   policy_accounts_read  the bytes of passwd(5), group(5) and subuid(5), where the rules need them
 *   policy_resolve        are its names in them? what is the caller's name? is its id subordinate?
 *   policy_decide         (policy and caller, request, bridge) -> verdict; pure
 *
 * Functions return 0 or a negative errno.  policy_parse() allocates policy->rules and policy->text, for free(3)
 * (the helper's exit frees them).
 */
#pragma once

#include "wire/wire.h"

#define POLICY_LINE 190          /* bytes in a line; inih would cut one of 200 */
#define POLICY_SIZE (16u << 20)  /* bytes in a policy, and in each file of accounts */
#define POLICY_WORD 64           /* bytes in a user's or group's name, the NUL included */
#define POLICY_MTU_ALONE 1500    /* bytes: a tap without a bridge, for which nothing is asked */
#define POLICY_NAME "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

/* The keys of a rule, in the order in which its conditions are tried; POLICY_KEYS as an answer: none. */
enum policy_key { POLICY_USER, POLICY_BRIDGE, POLICY_ISOLATE, POLICY_LOCK_MAC, POLICY_DEV, POLICY_GUEST_MAC,
                  POLICY_HOST_MAC, POLICY_MTU, POLICY_QUEUES, POLICY_MAX, POLICY_ALLOW_UNPINNED, POLICY_ALLOW_RA, POLICY_KEYS };

struct policy_rule {
    char name[WIRE_RULE];
    unsigned line;
    const char *value[POLICY_KEYS]; /* as written; NULL: absent */
};

/* Told of each fault.  DETAIL is the piece of the file it is about, or NULL; both last only for the call. */
typedef void policy_fault_fn(void *context, unsigned line, const char *reason, const char *detail);

/* Who asks; name "": not known, or not of the bytes of a name: {user} matches nothing. */
struct policy_caller {
    uint32_t uid, gid;
    const uint32_t *groups;
    size_t group_count;
    char name[POLICY_WORD];
    unsigned subuid_line; /* the first of /etc/subuid that has the uid; 0: none, or not asked */
};

/* The files of accounts, each with a NUL at its end; NULL: not read, because no rule needs it. */
struct policy_accounts {
    char *passwd;
    char *group;
    char *subuid; /* which ids users may take for themselves beside their own */
};

/* A line of /etc/subuid: the ids from FIRST to LAST are OWNER's, to use as it likes. */
struct policy_subuid {
    unsigned line;
    uint32_t first;
    uint32_t last;
    const char *owner; /* a name or an id, in the text that was read, without a NUL */
    size_t owner_length;
};

struct policy {
    struct policy_rule *rules;
    size_t rule_count;
    char *text;                                 /* the values */
    struct policy_caller caller;                /* who asks; name and line by policy_resolve() */
    struct policy_accounts accounts;            /* as given to policy_resolve(); not its own */
    bool names, names_caller;                   /* it has names, for which passwd and group are needed; {user} is one */
    bool is_broad;                              /* it has *, a group or a range: subuid is needed */
};

/* What the kernel says of the bridge that a request names. */
struct policy_bridge {
    char name[WIRE_NAME];          /* the kernel's own name of it */
    uint32_t mtu;                  /* bytes; without a bridge POLICY_MTU_ALONE */
    uint32_t port_mtu;             /* the lowest of its ports that are no taps, 0: of none; needed where more than mtu is asked */
    bool exists, pinned, takes_ra; /* is there and of kind bridge; no port can change its address; the host takes RAs */
};

struct policy_verdict {
    const struct policy_rule *rule; /* the first that names the caller and the bridge; NULL: none */
    enum policy_key failed;         /* its first condition that does not hold; POLICY_KEYS: granted */
    uint32_t faults, mtu;           /* enum wire_fault: granted, but the bridge is not fit; bytes the device gets */
    bool lock_mac, isolate;         /* what its port is made to be */
};

/*
 * Reads the regular file NAME in the folder PATH whole into *TEXT, which the caller frees.  -EPERM: it or the folder
 * is not owned by root, or writable by others; -EINVAL: no regular file; -ELOOP: a symbolic link; -EFBIG: over LIMIT
 * bytes; -EIO: it changed while it was read; or what open(2) and read(2) say.
 */
CHECKED int policy_file_read(const char *path, const char *name, size_t limit, char **text, size_t *size);

/*
 * TEXT[SIZE] is a NUL, as policy_file_read() leaves it.  -EINVAL: at least one fault, each told to FAULT (which may be
 * NULL); the policy is void.  -ENOMEM.
 */
CHECKED int policy_parse(struct policy *policy, const char *text, size_t size, policy_fault_fn *fault, void *context);

/*
 * Reads what POLICY needs of /etc/passwd, /etc/group and /etc/subuid.  The errors are those of
 * policy_file_read() and policy_subuid_read(), and *PATH is then the file.  Whoever asks frees what
 * is in *ACCOUNTS, after an error too.
 */
CHECKED int policy_accounts_read(const struct policy *policy, struct policy_accounts *accounts,
                                 const char **path);

/*
 * Reads /etc/subuid into *TEXT, which whoever asks frees, after an error too.  If there is no such
 * file, nobody has subordinate ids: "".  The errors are those of policy_file_read(); a file that
 * has a NUL is -EINVAL.
 */
CHECKED int policy_subuid_read(char **text);

/*
 * Reads the next line of *TEXT that has ids into *RANGE, and sets *TEXT behind it.  *RANGE is the
 * line before, or all zeros.  False: there is no further line.
 */
bool policy_subuid_next(const char **text, struct policy_subuid *range);

/* Finds the first line of TEXT that has every id from FIRST to LAST.  False: there is none. */
bool policy_subuid_find(const char *text, uint32_t first, uint32_t last,
                        struct policy_subuid *range);

/* -ENOENT: ACCOUNTS has not a name of the policy's, which policy_test() finds, or not a file. */
CHECKED int policy_resolve(struct policy *policy, const struct policy_accounts *accounts);

/* Pure: of what the policy says, who asks, what is asked, and what the kernel says of the bridge. */
struct policy_verdict policy_decide(const struct policy *policy, const struct wire_interface *interface,
                                    const struct policy_bridge *bridge);

/* The first condition of RULE that does not hold, or POLICY_KEYS. */
enum policy_key policy_rule_refuses(const struct policy *policy, const struct policy_rule *rule,
                                    const struct wire_interface *interface, const struct policy_bridge *bridge);

/* The number of a rule's queues or max, the default where absent. */
uint32_t policy_number(const struct policy_rule *rule, enum policy_key key);

const char *policy_key_name(enum policy_key key);

/* Is the word of user = one for many: *, a group, a range of several ids? */
bool policy_word_is_broad(const char *word);

/* Within the policy: the next word of *TEXT, and *TEXT behind it; false: there is none. */
bool policy_next(const char **text, char word[POLICY_LINE + 1]);

/*
 * Does what is asked (of user: the caller; of names and addresses: TEXT; of numbers: NUMBER; of yes and no: nothing)
 * match VALUE, a rule's for KEY?  1: yes; 0: no; -EINVAL: VALUE is none for KEY; -ENOENT: it has a name that is not
 * in the policy's passwd or group.
 */
CHECKED int policy_test(const struct policy *policy, enum policy_key key, const char *value, const char *text, uint32_t number);
