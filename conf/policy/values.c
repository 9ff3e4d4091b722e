// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * May this caller have this interface?  The first rule that names the caller and the bridge decides alone.
 * No input or output here: what it asks of the kernel, and of the files of accounts, is in its arguments.  What a
 * name service would load, and whom it would ask, has no place in a privileged process.
 * Hostile here: the request, whose bytes wire_interface_valid() has passed.
 * Privilege held in the helper: root for policy_test() and policy_resolve(), then CAP_NET_ADMIN, as the caller.
 */
#include "conf/policy/policy.h"
#include "helper/system.h"

#define HEX "[0-9a-fA-F][0-9a-fA-F]"
#define OCTET "@(" HEX "|\\*)"
/* six octets, any of them *; or fewer octets and one * for all that follow */
#define MAC "@(" OCTET ":" OCTET ":" OCTET ":" OCTET ":" OCTET ":" OCTET "|*(" HEX ":)\\*)"
#define PATTERN (POLICY_LINE * POLICY_WORD / 5) /* a word of a line, each {uid} or {user} grown to the longest */

static const struct {
    const char *name;
    enum { WHO, NAMES, MACS, YES, MOST, RANGE } kind;
    uint32_t min, max, absent;
} keys[POLICY_KEYS] = {/* in the order of enum policy_key */
    {"user", WHO}, {"bridge", NAMES}, {"isolate", YES}, {"lock-mac", YES}, {"dev", NAMES}, {"guest-mac", MACS},
    {"host-mac", MACS}, {"mtu", RANGE, WIRE_MTU_MIN, WIRE_MTU_MAX, 0}, {"queues", MOST, 1, WIRE_QUEUES, 1},
    {"max", MOST, 1, 256, 8}, {"allow-unpinned-bridge", YES}, {"allow-ra-bridge", YES}};

const char *policy_key_name(enum policy_key key) { return keys[key].name; }

bool policy_next(const char **text, char word[POLICY_LINE + 1]) {
    const char *begin = *text + strspn(*text, " "), *end = strchrnul(begin, ' ');

    *text = end - begin > POLICY_LINE ? begin + POLICY_LINE : end;
    return *(char *)mempcpy(word, begin, (size_t)(*text - begin)) = 0, *word;
}

/* Decimal, no sign, no leading zero, up to END; below (uid_t)-1, nobody's id and "no change" to the kernel. */
static int read_number(const char *text, const char *end, uint32_t *number) {
    size_t size = (size_t)(end - text);
    unsigned long long value = strtoull(text, NULL, 10);

    *number = (uint32_t)value;
    return size - 1 < 10 && strspn(text, "0123456789") >= size && (*text > '0' || size == 1) && value < UINT32_MAX ? 0 : -EINVAL;
}

/* N or N-M. */
static int read_range(const char *text, uint32_t *low, uint32_t *high) {
    const char *dash = strchrnul(text, '-');
    int error = read_number(text, dash, low);

    *high = *low;
    if (!error && *dash) error = read_number(dash + 1, dash + strlen(dash), high);
    return error ? error : *low <= *high ? 0 : -EINVAL;
}

/* The first entry, name:password:id:..., of that name, as for getpwnam(3); or where NAME is NULL of that id. */
static const char *look_up(const char *entries, const char *name, uint32_t *id) {
    uint32_t seen;

    for (const char *line = entries, *text; line; line = strchr(line, '\n'), line = line ? line + 1 : NULL) {
        if (name && (strncmp(line, name, strlen(name)) || line[strlen(name)] != ':')) continue;
        text = line + strcspn(line, ":\n");
        if (*text == ':') text += 1 + strcspn(text + 1, ":\n");
        if (*text != ':' || read_number(text + 1, text + 1 + strcspn(text + 1, ":\n"), &seen) || (!name && seen != *id)) continue;
        return *id = seen, line;
    }
    return NULL;
}

/* The ids of a who-word without its %: N, N-M, or a name of ENTRIES. */
static int read_who(const char *word, const char *entries, uint32_t *low, uint32_t *high) {
    if (!word[strspn(word, "0123456789-")]) {
        return read_range(word, low, high);
    }
    if (strlen(word) >= POLICY_WORD || word[strspn(word, POLICY_NAME ".")] || strchr("-.", *word)) {
        return -EINVAL;
    }
    if (!look_up(entries, word, low)) {
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

/* A group does not match a subordinate id: all ids of one user have the groups of that user. */
static int test_group(const struct policy *policy, const char *word) {
    const struct policy_caller *caller = &policy->caller;
    uint32_t id;
    uint32_t high;
    bool is_member;
    int error;

    if (strchr(word, '-') && !word[strspn(word, "0123456789-")]) {
        return -EINVAL;
    }
    error = read_who(word, policy->accounts.group, &id, &high);
    if (error || caller->subuid_line) {
        return error;
    }
    is_member = caller->gid == id;
    for (size_t i = 0; i < caller->group_count; i++) {
        is_member |= caller->groups[i] == id;
    }
    return is_member;
}

/* A subordinate id is matched by a range within one line of /etc/subuid, if only of this id. */
static int test_user(const struct policy *policy, const char *word) {
    const struct policy_caller *caller = &policy->caller;
    struct policy_subuid line;
    uint32_t low;
    uint32_t high;
    int error;

    if (!strcmp(word, "*")) {
        return caller->uid < UINT32_MAX && !caller->subuid_line;
    }
    error = read_who(word, policy->accounts.passwd, &low, &high);
    if (error) {
        return error;
    }
    if (caller->uid < low || caller->uid > high) {
        return 0;
    }
    if (!caller->subuid_line) {
        return 1;
    }
    return policy_subuid_find(policy->accounts.subuid, low, high, &line);
}

static int test_who(const struct policy *policy, const char *word) {
    return *word == '%' ? test_group(policy, word + 1) : test_user(policy, word);
}

/*
 * What {uid} and {user} stand for has no byte that fnmatch(3) takes for more than itself.  none is a word of its own:
 * * means every bridge, and no bridge can be called none.
 */
static int test_name(const struct policy *policy, const char *word, const char *text) {
    char pattern[PATTERN], *out = pattern;

    if (text && !strcmp(text, "none")) return !strcmp(word, "none");
    for (int length; *word; word += length) {
        length = !strncmp(word, "{uid}", 5) ? 5 : !strncmp(word, "{user}", 6) ? 6 : 1;
        if (length == 1 && !strchr(POLICY_NAME ".*", *word)) return -EINVAL;
        if (length == 6 && text && !policy->caller.name[0]) return 0;
        out += length == 5 ? snprintf(out, POLICY_WORD, "%u", policy->caller.uid)
               : length == 6 ? snprintf(out, POLICY_WORD, "%s", policy->caller.name) : (*out = *word, 1);
    }
    return *out = 0, text && !fnmatch(pattern, text, 0);
}

/* Each * stands where octets would, and the colons keep their number. */
static int test_mac(const char *word, const char *text) {
    if (strlen(word) >= WIRE_MAC_TEXT || fnmatch(MAC, word, FNM_EXTMATCH)) return -EINVAL;
    return text && !fnmatch(word, text, FNM_CASEFOLD);
}

int policy_test(const struct policy *policy, enum policy_key key, const char *value, const char *text, uint32_t number) {
    char word[POLICY_LINE + 1];
    uint32_t low, high;
    int match = 0, one = 0;

    if (keys[key].kind == YES) return !strcmp(value, "yes") ? 1 : strcmp(value, "no") ? -EINVAL : 0;
    if (keys[key].kind > YES) {
        if (read_range(value, &low, &high) || low < keys[key].min || high > keys[key].max) return -EINVAL;
        if (keys[key].kind == MOST) return strchr(value, '-') ? -EINVAL : number <= low;
        return number >= low && number <= high;
    }
    while (policy_next(&value, word)) { /* all of them: each must be one */
        one = keys[key].kind == WHO ? test_who(policy, word)
              : keys[key].kind == NAMES ? test_name(policy, word, text) : test_mac(word, text);
        match = one >= 0 && match >= 0 ? match | one : one < match ? one : match; /* -EINVAL before -ENOENT */
    }
    return match;
}

/* Sets the caller's name; "" if it has none that can stand for {user}. */
static void name_caller(struct policy_caller *caller, const char *passwd) {
    const char *entry = look_up(passwd, NULL, &caller->uid);
    const char *name = entry ? entry : "";
    size_t length = strcspn(name, ":");

    if (length >= POLICY_WORD || strspn(name, POLICY_NAME ".") < length) {
        length = 0;
    }
    snprintf(caller->name, POLICY_WORD, "%.*s", (int)length, name);
}

int policy_resolve(struct policy *policy, const struct policy_accounts *accounts) {
    struct policy_caller *caller = &policy->caller;
    struct policy_subuid line;
    int error = 0;

    policy->accounts = *accounts;
    name_caller(caller, accounts->passwd);
    caller->subuid_line = 0;
    if (policy->is_broad && !accounts->subuid) {
        return -ENOENT;
    }
    if (policy->is_broad && policy_subuid_find(accounts->subuid, caller->uid, caller->uid, &line)) {
        caller->subuid_line = line.line;
    }
    for (size_t i = 0; policy->names && i < policy->rule_count; i++) {
        if (policy_test(policy, POLICY_USER, policy->rules[i].value[POLICY_USER], NULL, 0) < 0) {
            error = -ENOENT;
        }
    }
    /* {user} counts as a name: a caller without one is denied as for any other that is not there. */
    return policy->names_caller && !caller->name[0] ? -ENOENT : error;
}

uint32_t policy_number(const struct policy_rule *rule, enum policy_key key) {
    return rule->value[key] ? (uint32_t)strtoul(rule->value[key], NULL, 10) : keys[key].absent;
}

static bool permits(const struct policy *all, const struct policy_rule *rule, enum policy_key key, const char *text, uint32_t n) {
    return rule->value[key] && policy_test(all, key, rule->value[key], text, n) == 1;
}

enum policy_key policy_rule_refuses(const struct policy *policy, const struct policy_rule *rule,
                                    const struct wire_interface *asked, const struct policy_bridge *bridge) {
    const char *name = !asked->bridge[0] ? "none" : bridge->exists ? bridge->name : NULL;
    const uint8_t *guest = asked->guest_mac, *host = asked->host_mac;
    bool any = wire_mac_absent(guest) || (!rule->value[POLICY_GUEST_MAC] && !permits(policy, rule, POLICY_LOCK_MAC, NULL, 0));
    char mac[WIRE_MAC_TEXT];

    if (!permits(policy, rule, POLICY_USER, NULL, 0)) return POLICY_USER;
    if (!permits(policy, rule, POLICY_BRIDGE, name, 0)) return POLICY_BRIDGE;
    if (asked->dev[0] && !permits(policy, rule, POLICY_DEV, asked->dev, 0)) return POLICY_DEV;
    if (!any && !permits(policy, rule, POLICY_GUEST_MAC, wire_mac_text(guest, mac), 0)) return POLICY_GUEST_MAC;
    if (!wire_mac_absent(host) && !permits(policy, rule, POLICY_HOST_MAC, wire_mac_text(host, mac), 0)) return POLICY_HOST_MAC;
    if (asked->mtu && asked->mtu != bridge->mtu && !permits(policy, rule, POLICY_MTU, NULL, asked->mtu)) return POLICY_MTU;
    return asked->queues > policy_number(rule, POLICY_QUEUES) ? POLICY_QUEUES : POLICY_KEYS;
}

/*
 * A bridge whose MTU nobody set takes the lowest of its ports', and no kernel tells which bridge is of that kind.  So a port
 * has the bridge's own MTU; or a higher one that never becomes the bridge's, because a port that no user can take away has one
 * that is not higher.
 */
static uint32_t mtu_faults(uint32_t mtu, const struct policy_bridge *bridge) {
    uint32_t faults = 0;

    if (mtu < bridge->mtu) {
        faults |= WIRE_FAULT_MTU;
    }
    if (mtu > bridge->mtu && (!bridge->port_mtu || mtu < bridge->port_mtu)) {
        faults |= WIRE_FAULT_MTU_RAISED;
    }
    if (mtu < WIRE_MTU_IPV6 && bridge->mtu < WIRE_MTU_IPV6) {
        faults |= WIRE_FAULT_MTU_IPV6;
    }
    return faults;
}

struct policy_verdict policy_decide(const struct policy *policy, const struct wire_interface *interface,
                                    const struct policy_bridge *bridge) {
    struct policy_verdict verdict = {.failed = POLICY_USER, .mtu = interface->mtu ? interface->mtu : bridge->mtu};

    for (size_t i = 0; i < policy->rule_count && !verdict.rule; i++) {
        verdict.failed = policy_rule_refuses(policy, &policy->rules[i], interface, bridge);
        if (verdict.failed > POLICY_BRIDGE) verdict.rule = &policy->rules[i];
    }
    if (verdict.failed < POLICY_KEYS || !interface->bridge[0]) return verdict;
    verdict.lock_mac = permits(policy, verdict.rule, POLICY_LOCK_MAC, NULL, 0);
    verdict.isolate = permits(policy, verdict.rule, POLICY_ISOLATE, NULL, 0);
    /* Granted: is the bridge fit? */
    if (!bridge->pinned && !permits(policy, verdict.rule, POLICY_ALLOW_UNPINNED, NULL, 0)) verdict.faults |= WIRE_FAULT_UNPINNED;
    if (bridge->takes_ra && !permits(policy, verdict.rule, POLICY_ALLOW_RA, NULL, 0)) verdict.faults |= WIRE_FAULT_RA;
    verdict.faults |= mtu_faults(verdict.mtu, bridge);
    return verdict;
}
