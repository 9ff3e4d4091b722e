// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The values of a rule's keys: which are valid, and what they match.
 * Hostile here: nothing but the request's names and addresses, which wire_interface_valid() has
 * passed.
 * Privilege held in the helper: root while the policy is read; then, as the caller, CAP_NET_ADMIN.
 */
#include "conf/policy/accounts.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEX "[0-9a-fA-F][0-9a-fA-F]"
#define OCTET "@(" HEX "|\\*)"
/* six octets, any of them *; or fewer octets and one * for all that follow */
#define MAC_FULL OCTET ":" OCTET ":" OCTET ":" OCTET ":" OCTET ":" OCTET
#define MAC_PREFIX "*(" HEX ":)\\*"
#define MAC "@(" MAC_FULL "|" MAC_PREFIX ")"

#define UID "{uid}"
#define USER "{user}"
#define ID_SIZE 11 /* bytes: of UINT32_MAX in decimal, the NUL included */
/* a word of a whole line that repeats {user}, each grown to the longest name */
#define PATTERN (POLICY_LINE / (sizeof(USER) - 1) * POLICY_WORD + POLICY_LINE)

enum kind { USERS, NAMES, MACS, YES_OR_NO, MOST, RANGE };

struct key {
    const char *name;
    enum kind kind;
    uint32_t least;
    uint32_t most;
    uint32_t absent; /* what the number is where a rule does not have the key */
};

static const struct key keys[POLICY_KEYS] = {
    [POLICY_USER] = {"user", USERS, 0, 0, 0},
    [POLICY_BRIDGE] = {"bridge", NAMES, 0, 0, 0},
    [POLICY_ISOLATE] = {"isolate", YES_OR_NO, 0, 0, 0},
    [POLICY_LOCK_MAC] = {"lock-mac", YES_OR_NO, 0, 0, 0},
    [POLICY_DEV] = {"dev", NAMES, 0, 0, 0},
    [POLICY_GUEST_MAC] = {"guest-mac", MACS, 0, 0, 0},
    [POLICY_HOST_MAC] = {"host-mac", MACS, 0, 0, 0},
    [POLICY_MTU] = {"mtu", RANGE, WIRE_MTU_MIN, WIRE_MTU_MAX, 0},
    [POLICY_QUEUES] = {"queues", MOST, 1, WIRE_QUEUES, 1},
    [POLICY_MAX] = {"max", MOST, 0, 256, 8},
    [POLICY_ALLOW_UNPINNED] = {"allow-unpinned-bridge", YES_OR_NO, 0, 0, 0},
    [POLICY_ALLOW_RA] = {"allow-ra-bridge", YES_OR_NO, 0, 0, 0},
    [POLICY_ALLOW_OTHER_NETNS] = {"allow-other-netns", YES_OR_NO, 0, 0, 0},
};

const char *policy_key_name(enum policy_key key) {
    return keys[key].name;
}

bool policy_key_has_words(enum policy_key key) {
    enum kind kind = keys[key].kind;

    return kind == USERS || kind == NAMES || kind == MACS;
}

uint32_t policy_number(const struct policy_rule *rule, enum policy_key key) {
    const char *value = rule->value[key];

    return value ? (uint32_t)strtoul(value, NULL, 10) : keys[key].absent;
}

bool policy_next(const char **text, char word[POLICY_LINE + 1]) {
    const char *begin = *text + strspn(*text, " ");
    size_t length = strcspn(begin, " ");

    if (length > POLICY_LINE) {
        length = POLICY_LINE;
    }
    memcpy(word, begin, length);
    word[length] = 0;
    *text = begin + length;
    return length > 0;
}

/* N or N-M. */
static int read_range(const char *text, uint32_t *low, uint32_t *high) {
    const char *dash = strchrnul(text, '-');
    int error = account_read_number(text, (size_t)(dash - text), low);

    if (error) {
        return error;
    }
    *high = *low;
    if (*dash) {
        error = account_read_number(dash + 1, strlen(dash + 1), high);
    }
    if (error) {
        return error;
    }
    return *low <= *high ? 0 : -EINVAL;
}

/* Users ---------------------------------------------------------------------------------------- */

static bool is_ids(const char *word) {
    return !word[strspn(word, "0123456789-")];
}

/* A name of a user or a group.  A sign in front of one is for ids alone. */
static bool is_account_name(const char *word) {
    size_t length = strlen(word);

    if (!length || length >= POLICY_WORD || word[0] == '-' || word[0] == '.') {
        return false;
    }
    return strspn(word, POLICY_NAME ".") == length;
}

/* The ids of a word without its %: N, N-M, or the name of one of ENTRIES. */
static int read_ids(const char *word, const char *entries, uint32_t *low, uint32_t *high) {
    if (is_ids(word)) {
        return read_range(word, low, high);
    }
    if (!is_account_name(word)) {
        return -EINVAL;
    }
    if (!account_find_id(entries, word, low)) {
        return -ENOENT;
    }
    *high = *low;
    return 0;
}

bool policy_word_is_broad(const char *word) {
    uint32_t low;
    uint32_t high;

    if (!strcmp(word, "*") || *word == '%') {
        return true;
    }
    return !read_range(word, &low, &high) && low < high;
}

static int check_user(const char *word, const struct policy_accounts *accounts) {
    uint32_t low;
    uint32_t high;

    if (!strcmp(word, "*")) {
        return 0;
    }
    if (*word != '%') {
        return read_ids(word, accounts->passwd, &low, &high);
    }
    word++;
    if (is_ids(word) && strchr(word, '-')) {
        return -EINVAL; /* there are no ranges of groups */
    }
    return read_ids(word, accounts->group, &low, &high);
}

static bool is_in_group(const struct caller *caller, uint32_t group) {
    if (caller->gid == group) {
        return true;
    }
    for (size_t i = 0; i < caller->group_count; i++) {
        if (caller->groups[i] == group) {
            return true;
        }
    }
    return false;
}

/*
 * All subordinate ids of a user have the groups of that user.  So a group never matches a
 * subordinate id.
 */
static bool group_has(const char *word, const struct policy_subject *subject) {
    uint32_t group;
    uint32_t high;

    if (subject->subuid_line || read_ids(word, subject->accounts->group, &group, &high)) {
        return false;
    }
    return is_in_group(&subject->caller, group);
}

/* A range names a subordinate id if it lies within one line of /etc/subuid. */
static bool range_has(const char *word, const struct policy_subject *subject) {
    struct policy_subuid line;
    uint32_t uid = subject->caller.uid;
    uint32_t low;
    uint32_t high;

    if (read_ids(word, subject->accounts->passwd, &low, &high)) {
        return false;
    }
    if (uid < low || uid > high) {
        return false;
    }
    if (!subject->subuid_line) {
        return true;
    }
    return policy_subuid_find(subject->accounts->subuid, low, high, &line);
}

bool policy_value_has_caller(const char *value, const struct policy_subject *subject) {
    char word[POLICY_LINE + 1];
    bool has_caller = false;

    while (!has_caller && policy_next(&value, word)) {
        if (!strcmp(word, "*")) {
            has_caller = subject->caller.uid < UINT32_MAX && !subject->subuid_line;
        } else if (*word == '%') {
            has_caller = group_has(word + 1, subject);
        } else {
            has_caller = range_has(word, subject);
        }
    }
    return has_caller;
}

/* Names of devices and bridges ----------------------------------------------------------------- */

/* The length of the placeholder that TEXT begins with; 0: it begins with none. */
static size_t placeholder(const char *text) {
    if (!strncmp(text, UID, strlen(UID))) {
        return strlen(UID);
    }
    if (!strncmp(text, USER, strlen(USER))) {
        return strlen(USER);
    }
    return 0;
}

static int check_name(const char *word) {
    while (*word) {
        size_t length = placeholder(word);

        if (!length && !strchr(POLICY_NAME ".*", *word)) {
            return -EINVAL;
        }
        word += length ? length : 1;
    }
    return 0;
}

/*
 * WORD with the caller's id and name in it.  Neither has a byte that fnmatch(3) takes for more than
 * itself.  False: the word says {user}, and the caller has no name.
 */
static bool expand(const char *word, const struct policy_subject *subject, char pattern[PATTERN]) {
    char uid[ID_SIZE];

    snprintf(uid, sizeof(uid), "%u", subject->caller.uid);
    while (*word) {
        size_t length = placeholder(word);
        const char *text = length == strlen(UID) ? uid : subject->name;

        if (!length) {
            *pattern = *word;
            pattern++;
            word++;
            continue;
        }
        if (!*text) {
            return false;
        }
        memcpy(pattern, text, strlen(text));
        pattern += strlen(text);
        word += length;
    }
    *pattern = 0;
    return true;
}

/* Of a bridge, none is a word of its own: * means every bridge, and none can be called none. */
static bool word_has_name(const char *word,
                          const struct policy_subject *subject,
                          const char *name) {
    char pattern[PATTERN];

    if (!strcmp(name, "none")) {
        return !strcmp(word, "none");
    }
    return expand(word, subject, pattern) && !fnmatch(pattern, name, 0);
}

bool policy_value_has_name(const char *value,
                           const struct policy_subject *subject,
                           const char *name) {
    char word[POLICY_LINE + 1];
    bool has_name = false;

    while (name && !has_name && policy_next(&value, word)) {
        has_name = word_has_name(word, subject, name);
    }
    return has_name;
}

/* Addresses and numbers ------------------------------------------------------------------------ */

static int check_mac(const char *word) {
    if (strlen(word) >= WIRE_MAC_TEXT || fnmatch(MAC, word, FNM_EXTMATCH)) {
        return -EINVAL;
    }
    return 0;
}

/* A * stands for one octet, or at the end for all that are left: check_mac() allows no other. */
bool policy_value_has_mac(const char *value, const uint8_t mac[6]) {
    char word[POLICY_LINE + 1];
    char text[WIRE_MAC_TEXT];
    bool has_mac = false;

    wire_mac_text(mac, text);
    while (!has_mac && policy_next(&value, word)) {
        has_mac = !fnmatch(word, text, FNM_CASEFOLD);
    }
    return has_mac;
}

static int check_number(const struct key *key, const char *value) {
    uint32_t low;
    uint32_t high;
    int error = read_range(value, &low, &high);

    if (error) {
        return error;
    }
    if (low < key->least || high > key->most) {
        return -EINVAL;
    }
    if (key->kind == MOST && strchr(value, '-')) {
        return -EINVAL;
    }
    return 0;
}

bool policy_value_has_mtu(const char *value, uint32_t mtu) {
    uint32_t low;
    uint32_t high;

    return !read_range(value, &low, &high) && mtu >= low && mtu <= high;
}

/* All keys ------------------------------------------------------------------------------------- */

static int check_word(const struct policy_accounts *accounts, enum kind kind, const char *word) {
    if (kind == USERS) {
        return check_user(word, accounts);
    }
    return kind == NAMES ? check_name(word) : check_mac(word);
}

/* A word that is invalid comes before one that is not known. */
static int check_words(const struct policy_accounts *accounts, enum kind kind, const char *value) {
    char word[POLICY_LINE + 1];
    bool is_unknown = false;

    while (policy_next(&value, word)) {
        int error = check_word(accounts, kind, word);

        if (error == -EINVAL) {
            return error;
        }
        is_unknown |= error == -ENOENT;
    }
    return is_unknown ? -ENOENT : 0;
}

int policy_check_value(const struct policy_accounts *accounts,
                       enum policy_key key,
                       const char *value) {
    enum kind kind = keys[key].kind;

    if (kind == YES_OR_NO) {
        return strcmp(value, "yes") && strcmp(value, "no") ? -EINVAL : 0;
    }
    if (kind == MOST || kind == RANGE) {
        return check_number(&keys[key], value);
    }
    return check_words(accounts, kind, value);
}
