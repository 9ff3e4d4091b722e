// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The helper's own policy code, asked many times: one case a line on standard input, one answer a line.
 *
 * A case is 21 words, separated by blanks; bytes are in hexadecimal, "-" are none, "!" is a file that cannot be read:
 *   policy passwd group subuid uid gid GID[,GID]...|- dev bridge guest-mac host-mac mtu queues link link-mtu port-mtu is-bridge
 *   pinned takes-ra is-in-other-netns netns
 * An answer is: void | denied | denied RULE KEY | granted RULE FAULT[+FAULT]...|- MTU
 */
#include "conf/policy/policy.h"

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS 21
enum word { POLICY, PASSWD, GROUP, SUBUID, UID, GID, GROUPS, DEV, BRIDGE, GUEST_MAC, HOST_MAC, MTU,
            QUEUES, LINK, LINK_MTU, PORT_MTU, IS_BRIDGE, PINNED, TAKES_RA, OTHER_NETNS, NETNS };

static unsigned digit(char letter) {
    if (letter >= '0' && letter <= '9') return (unsigned)(letter - '0');
    if (letter < 'a' || letter > 'f') errx(2, "not hexadecimal");
    return (unsigned)(letter - 'a') + 10;
}

/* The bytes, with a NUL behind them as file_read_trusted() gives them.  NULL: "!". */
static char *bytes(const char *word, size_t *size) {
    size_t length = strcmp(word, "-") ? strlen(word) / 2 : 0;
    char *to = strcmp(word, "!") ? calloc(1, length + 1) : NULL;

    for (size_t i = 0; to && i < length; i++) to[i] = (char)(16 * digit(word[2 * i]) + digit(word[2 * i + 1]));
    if (size) *size = length;
    return to;
}

static void field(const char *word, void *to, size_t room) {
    size_t size;
    char *from = bytes(word, &size);

    if (size > room) errx(2, "too long: %s", word);
    memset(to, 0, room);
    if (from) memcpy(to, from, size);
    free(from);
}

static uint32_t integer(const char *word) { return (uint32_t)strtoul(word, NULL, 10); }

static size_t id_list(char *word, uint32_t *list, size_t room) {
    size_t count = 0;

    for (char *rest = word, *one; (one = strsep(&rest, ",")) && strcmp(one, "-") && count < room;) list[count++] = integer(one);
    return count;
}

/* As describe_bridge() of the helper has it from the kernel. */
static struct policy_bridge facts(char *const word[WORDS], const struct wire_interface *asked) {
    struct policy_bridge to = {.mtu = POLICY_MTU_ALONE, .pinned = true};
    char name[WIRE_NAME + 1];

    field(word[LINK], name, sizeof(name));
    if (!asked->bridge[0] || !name[0] || !integer(word[IS_BRIDGE]) || !wire_bridge_valid(name)) return to;
    to.exists = true;
    to.mtu = integer(word[LINK_MTU]);
    to.port_mtu = integer(word[PORT_MTU]);
    to.pinned = integer(word[PINNED]);
    to.takes_ra = integer(word[TAKES_RA]);
    memcpy(to.name, name, WIRE_NAME);
    return to;
}

/* Their words, joined by +; "-": none. */
static const char *fault_words(uint32_t faults) {
    static const char *const word[] = {"unpinned", "ra", "mtu", "raised", "ipv6"}; /* by the bits of enum wire_fault */
    static char text[64];

    text[0] = 0;
    for (unsigned bit = 0; bit < sizeof(word) / sizeof(word[0]); bit++) {
        if (faults >> bit & 1) {
            strcat(text, text[0] ? "+" : "");
            strcat(text, word[bit]);
        }
    }
    return text[0] ? text : "-";
}

static void print_verdict(const struct policy_verdict *verdict) {
    static const char *const port[] = {"-", "lock-mac", "isolate", "lock-mac+isolate"};

    if (verdict->failed == POLICY_KEYS && verdict->rule)
        printf("granted %s %s %u %s\n", verdict->rule->name, fault_words(verdict->faults), verdict->mtu,
               port[verdict->lock_mac + 2 * verdict->isolate]);
    else if (verdict->rule)
        printf("denied %s %s\n", verdict->rule->name, policy_key_name(verdict->failed));
    else
        puts("denied");
}

/* policy_accounts_read(), with the files as they are given. */
static int read_accounts(const struct policy *policy, char *const word[WORDS],
                         struct policy_accounts *accounts) {
    size_t size;

    *accounts = (struct policy_accounts){0};
    if (policy->has_names) {
        accounts->passwd = bytes(word[PASSWD], NULL);
        accounts->group = bytes(word[GROUP], NULL);
        if (!accounts->passwd || !accounts->group) {
            return -ENOENT;
        }
    }
    if (policy->has_broad_words) {
        accounts->subuid = bytes(word[SUBUID], &size);
        if (!accounts->subuid || strlen(accounts->subuid) < size) {
            return -EINVAL;
        }
    }
    return 0;
}

/* The helper's read_policy(), with the files as they are given. */
static int load(struct policy *policy,
                char *const word[WORDS],
                const struct caller *caller,
                struct policy_accounts *accounts,
                struct policy_subject *subject) {
    size_t size;
    char *text = bytes(word[POLICY], &size);
    int error = -ENOENT;

    if (text) {
        error = size > POLICY_SIZE ? -EFBIG : policy_parse(policy, text, size, NULL, NULL);
    }
    free(text);
    if (error) {
        return error;
    }
    error = read_accounts(policy, word, accounts);
    if (error) {
        return error;
    }
    return policy_resolve(policy, accounts, caller, subject);
}

static void answer(char *const word[WORDS]) {
    struct wire_interface asked = {.mtu = integer(word[MTU]), .queues = (uint16_t)integer(word[QUEUES]),
                                   .netns = integer(word[NETNS])};
    uint32_t groups[64];
    size_t count = id_list(word[GROUPS], groups, sizeof(groups) / sizeof(groups[0]));
    const struct caller caller = {integer(word[UID]), integer(word[GID]), groups, count,
                                  integer(word[OTHER_NETNS]) != 0};
    struct policy_subject subject;
    struct policy_accounts accounts = {0};
    struct policy policy = {0};
    int error = load(&policy, word, &caller, &accounts, &subject);

    field(word[DEV], asked.dev, sizeof(asked.dev));
    field(word[BRIDGE], asked.bridge, sizeof(asked.bridge));
    field(word[GUEST_MAC], asked.guest_mac, sizeof(asked.guest_mac));
    field(word[HOST_MAC], asked.host_mac, sizeof(asked.host_mac));
    if (error) {
        puts("void");
    } else {
        struct policy_bridge bridge = facts(word, &asked);
        struct policy_verdict verdict = policy_decide(&policy, &subject, &asked, &bridge);

        print_verdict(&verdict);
    }
    free(policy.rules);
    free(policy.text);
    free(accounts.passwd);
    free(accounts.group);
    free(accounts.subuid);
}

int main(void) {
    char *line = NULL;
    size_t room = 0;

    while (getline(&line, &room, stdin) > 0) {
        char *word[WORDS], *rest = line;
        int count = 0;

        line[strcspn(line, "\n")] = 0;
        while (count < WORDS && rest) word[count++] = strsep(&rest, " ");
        if (count != WORDS || rest) errx(2, "not %d words", WORDS);
        answer(word);
        if (fflush(stdout)) err(2, "standard output");
    }
    free(line);
    return 0;
}
