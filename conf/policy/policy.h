/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The administrator's policy, tapgrant-policy(5): parsed and asked.  The helper decides with this
 * code, and the command explains with it.
 *
 *   policy_parse          bytes -> rules; all or nothing
 *   policy_accounts_read  the bytes of passwd(5), group(5) and subuid(5), where the rules need them
 *   policy_resolve        are all names of the rules known? what do the accounts say of the caller?
 *   policy_decide         (rules, caller, interface, bridge) -> verdict; pure
 *
 * Functions that return int return 0 or a negative errno.
 */
#pragma once

#include "wire/wire.h"

#define POLICY_LINE 190         /* bytes in a line, its newline not counted */
#define POLICY_SIZE (16u << 20) /* bytes in a policy, and in each file of accounts */
#define POLICY_WORD 64          /* bytes in a user's or group's name, the NUL included */
#define POLICY_MTU_ALONE 1500   /* bytes: of a tap without a bridge that asks for none */
#define POLICY_NAME "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

/*
 * The keys of a rule.  Its conditions are tried in this order; allow-other-netns and max = 0 behind
 * the bridge.
 */
enum policy_key {
    POLICY_USER,
    POLICY_BRIDGE,
    POLICY_ISOLATE,
    POLICY_LOCK_MAC,
    POLICY_DEV,
    POLICY_GUEST_MAC,
    POLICY_HOST_MAC,
    POLICY_MTU,
    POLICY_QUEUES,
    POLICY_MAX,
    POLICY_ALLOW_UNPINNED,
    POLICY_ALLOW_RA,
    POLICY_ALLOW_OTHER_NETNS,
    POLICY_KEYS /* as an answer: none of them */
};

struct policy_rule {
    char name[WIRE_RULE];
    unsigned line;
    const char *value[POLICY_KEYS]; /* as written, lines joined by a blank; NULL: absent */
};

/*
 * Who asks.  The setuid helper fills it from its real ids, once; no stage behind it asks for an id
 * of its own process.
 */
struct caller {
    uint32_t uid;
    uint32_t gid;
    const uint32_t *groups; /* the supplementary ones */
    size_t group_count;
    bool is_in_other_netns; /* than the one that the taps are made in */
};

/* Each file's bytes with a NUL behind them; NULL: not read, because no rule needs it. */
struct policy_accounts {
    char *passwd;
    char *group;
    char *subuid; /* the ids that users may take for themselves beside their own */
};

/* The caller as the accounts know it.  policy_resolve() fills it. */
struct policy_subject {
    struct caller caller;
    const struct policy_accounts *accounts;
    char name[POLICY_WORD]; /* "": not known, or unfit to stand for {user} */
    unsigned subuid_line;   /* of /etc/subuid, the first that has the uid; 0: none, or not asked */
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
    char *text;           /* the values; one of several lines may be longer than POLICY_LINE */
    bool has_names;       /* of users, groups or {user}: passwd and group are needed */
    bool has_caller_name; /* {user} */
    bool has_broad_words; /* *, a group or a range: subuid is needed */
};

/* What the kernel says of the bridge that an interface asks for. */
struct policy_bridge {
    char name[WIRE_NAME]; /* the kernel's own name of it */
    uint32_t mtu;         /* bytes; without a bridge POLICY_MTU_ALONE */
    uint32_t port_mtu;    /* bytes: the lowest of its ports that are no taps; 0: it has none.
                             Needed only if the interface asks for more than mtu. */
    bool exists;          /* there is such a link, and it is a bridge */
    bool pinned;          /* no port can change its address */
    bool takes_ra;        /* the host takes router advertisements on it */
};

struct policy_verdict {
    const struct policy_rule *rule; /* the first that names the caller and the bridge; NULL: none */
    enum policy_key failed; /* its first condition that does not hold; POLICY_KEYS: granted */
    uint32_t faults;        /* of enum wire_fault: granted, but the bridge is not fit */
    uint32_t mtu;           /* bytes: of the tap */
    bool lock_mac;          /* of its port */
    bool isolate;
};

/* Reasons of which the command knows more to say than the parser. */
#define POLICY_MISSING_KEY "missing key"
#define POLICY_REPEATED_KEY "repeated key"
#define POLICY_BAD_VALUE "bad value"

/* A fault of the text.  What it points to lasts for the call only. */
struct policy_fault {
    unsigned line;
    const char *reason;
    enum policy_key key; /* POLICY_KEYS: it is not about a key that there is */
    const char *detail;  /* a bad value, otherwise the key's name; NULL: the line has no key */
};

typedef void policy_fault_fn(void *context, const struct policy_fault *fault);

/*
 * Reads TEXT[SIZE], of which nothing is kept.  Allocates policy->rules and policy->text, also where
 * it fails; free(3) them, or exit.  -EINVAL: at least one fault, each told to FAULT, which may be
 * NULL; the policy is void.  Missing keys are told last.  -ENOMEM.
 */
CHECKED int policy_parse(struct policy *policy,
                         const char *text,
                         size_t size,
                         policy_fault_fn *fault,
                         void *context);

/*
 * Reads what POLICY needs of /etc/passwd, /etc/group and /etc/subuid.  The errors are those of
 * file_read_trusted() and policy_subuid_read(), and *PATH is then the file.  The caller frees what
 * is in *ACCOUNTS, after an error too.
 */
CHECKED int policy_accounts_read(const struct policy *policy,
                                 struct policy_accounts *accounts,
                                 const char **path);

/*
 * Reads /etc/subuid into *TEXT, for free(3), after an error too.  If there is no such file, nobody
 * has subordinate ids: "".  The errors are those of file_read_trusted(); a file that has a NUL is
 * -EINVAL.
 */
CHECKED int policy_subuid_read(char **text);

/*
 * Reads the next line of *TEXT that has ids into *RANGE, and sets *TEXT behind it.  *RANGE is the
 * line before, or all zeros.  False: there is no further line.
 */
bool policy_subuid_next(const char **text, struct policy_subuid *range);

/* Finds the first line of TEXT that has every id from FIRST to LAST.  False: there is none. */
bool policy_subuid_find(const char *text,
                        uint32_t first,
                        uint32_t last,
                        struct policy_subuid *range);

/*
 * Fills SUBJECT, which keeps ACCOUNTS and the caller's groups.  -ENOENT: the policy denies
 * everybody, because a name of its rules is not in ACCOUNTS, or a file that they need; or it denies
 * this caller, because it says {user} and the caller has no name.
 */
CHECKED int policy_resolve(const struct policy *policy,
                           const struct policy_accounts *accounts,
                           const struct caller *caller,
                           struct policy_subject *subject);

/*
 * Does the host take router advertisements on a link with these settings of net.ipv6.conf?  That is
 * ipv6_accept_ra() of include/net/addrconf.h: with any ACCEPT_RA but 0; where the host forwards,
 * with 2 alone.
 */
bool policy_takes_ra(int32_t accept_ra, bool is_forwarding, bool is_ipv6_off);

/* The verdict on one interface.  BRIDGE is what the kernel says of interface->bridge. */
struct policy_verdict policy_decide(const struct policy *policy,
                                    const struct policy_subject *subject,
                                    const struct wire_interface *interface,
                                    const struct policy_bridge *bridge);

/* The first condition of RULE that does not hold, or POLICY_KEYS. */
enum policy_key policy_rule_refuses(const struct policy_rule *rule,
                                    const struct policy_subject *subject,
                                    const struct wire_interface *interface,
                                    const struct policy_bridge *bridge);

/* The number of a rule's queues or max, the default where the key is absent. */
uint32_t policy_number(const struct policy_rule *rule, enum policy_key key);

const char *policy_key_name(enum policy_key key);

/* Is the value of KEY a list of words?  Such a key may stand on several lines of a rule. */
bool policy_key_has_words(enum policy_key key);

/*
 * The id that ACCOUNTS have for the name of a user or, behind a %, of a group.  False: the word is
 * no name, or none that they have.
 */
bool policy_name_id(const struct policy_accounts *accounts, const char *word, uint32_t *id);

/* Is the word of user = one for many: *, a group, a range of several ids? */
bool policy_word_is_broad(const char *word);

/* The next word of *TEXT, and *TEXT behind it.  False: there is none. */
bool policy_next(const char **text, char word[POLICY_LINE + 1]);

/*
 * Can VALUE be the value of KEY?  -EINVAL: no.  -ENOENT: it can, but a name in it is not in
 * ACCOUNTS.
 */
CHECKED int policy_check_value(const struct policy_accounts *accounts,
                               enum policy_key key,
                               const char *value);

/*
 * Does a value that policy_check_value() passes match?  A name that is not in the accounts matches
 * nobody.
 */
bool policy_value_has_caller(const char *value, const struct policy_subject *subject);

/* Of dev and bridge.  NAME NULL: a bridge that does not exist, which nothing matches. */
bool policy_value_has_name(const char *value,
                           const struct policy_subject *subject,
                           const char *name);
bool policy_value_has_mac(const char *value, const uint8_t mac[6]);
bool policy_value_has_mtu(const char *value, uint32_t mtu);
