// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tapgrant check: the policy's answer, and why.  The helper gives one denial for every cause; here, from what who asks
 * may read, the very source that the helper decides with tells the cause.
 */
#include "conf/file/file.h"
#include "cli/accounts.h"
#include "cli/host_bridge.h"
#include "cli/interfaces.h"

#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define POLICY_PATH POLICY_FOLDER "/policy.conf"
#define GROUPS_MAX 65536
#define TEXT_SIZE 400

static const char help[] = "Usage: tapgrant check [--user USER] [--json] --net SPEC [--net SPEC]... | -f FILE\n"
                           "Tells whether the policy allows the interfaces to you, or to USER, and which rule says so; or for\n"
                           "each rule the first condition that does not hold.  Nothing is opened or made.\n"
                           "Exit status 0: all are allowed; 3: one is not.\n";

struct check {
    struct policy policy;
    struct policy_accounts accounts;
    struct caller caller;
    struct policy_subject subject; /* the caller; valid where the policy is */
    char void_reason[512]; /* "": the policy is valid */
    gid_t groups[GROUPS_MAX];
    bool json;
    json_t *array;
    bool denied;
    const struct policy_rule *granted[NETS_MAX]; /* by which, of this command's so far */
    size_t granted_count;
};

static void first_fault(void *context, unsigned line, const char *reason, const char *detail) {
    struct check *check = context;

    if (!check->void_reason[0])
        snprintf(check->void_reason, sizeof(check->void_reason), POLICY_PATH ":%u: %s%s%s", line, reason, detail ? ": " : "",
                 detail ? detail : "");
}

static int fail(const struct check *check, const char *object, const char *reason, const char *hint) {
    struct tapgrant_error error = {.code = TAPGRANT_FAILED};

    snprintf(error.object, sizeof(error.object), "%s", object);
    snprintf(error.reason, sizeof(error.reason), "%s", reason);
    snprintf(error.hint, sizeof(error.hint), "%s", hint);
    return output_error(&error, check->json);
}

static int fail_unread(const struct check *check, const char *path) {
    return fail(check, path, "you may not read it", "ask as root, or the administrator");
}

/* The files of accounts that the rules need, under the helper's own conditions. */
static int load_accounts(struct check *check) {
    const struct policy *policy = &check->policy;
    struct policy_subject *subject = &check->subject;
    const char *path = NULL;
    int failed = policy_accounts_read(policy, &check->accounts, &path);

    if (failed == -EACCES) {
        return fail_unread(check, path);
    }
    if (failed) {
        snprintf(check->void_reason, sizeof(check->void_reason), "%s: %s", path,
                 accounts_reason(failed));
        return 0;
    }
    if (policy_resolve(policy, &check->accounts, &check->caller, subject)) {
        snprintf(check->void_reason, sizeof(check->void_reason), POLICY_PATH ": %s",
                 policy->has_caller_name && !subject->name[0]
                     ? "it says {user}, and /etc/passwd has no name for this user"
                     : "it names a user or group that is not in /etc/passwd or /etc/group: "
                       "tapgrant doctor");
    }
    return 0;
}

/* The rules, or why there are none; both are an answer.  A file that one may not read is none. */
static int load(struct check *check) {
    char *text = NULL;
    size_t size;
    int failed = file_read_trusted(POLICY_FOLDER, "policy.conf", POLICY_SIZE, &text, &size);

    if (failed == -EACCES) {
        return fail_unread(check, POLICY_PATH);
    }
    if (failed == -EPERM)
        snprintf(check->void_reason, sizeof(check->void_reason),
                 POLICY_PATH ": it or its folder is not root's, or others can write");
    else if (failed)
        snprintf(check->void_reason, sizeof(check->void_reason), POLICY_PATH ": %s", strerror(-failed));
    if (failed) return 0;
    failed = policy_parse(&check->policy, text, size, first_fault, check);
    free(text);
    return failed ? 0 : load_accounts(check);
}

/* A subordinate id has no account; no group matters to it. */
static bool become_subordinate(struct caller *caller, uint32_t uid) {
    struct policy_subuid line;

    *caller = (struct caller){.uid = uid, .gid = UINT32_MAX};
    return accounts_subordinate(uid, &line);
}

static int become(struct check *check, const char *name) {
    struct caller *caller = &check->caller;
    int count = GROUPS_MAX;
    struct passwd *user;
    char *end;
    unsigned long id;
    bool is_id;

    if (!name) {
        count = getgroups(GROUPS_MAX, check->groups);
        *caller = (struct caller){
            getuid(), getgid(), check->groups, count > 0 ? (size_t)count : 0};
        return 0;
    }
    user = getpwnam(name);
    id = strtoul(name, &end, 10);
    is_id = *name >= '0' && *name <= '9' && !*end && id < UINT32_MAX;
    if (!user && is_id) {
        user = getpwuid((uid_t)id);
    }
    if (!user && is_id && become_subordinate(caller, (uint32_t)id)) {
        return 0;
    }
    if (!user) {
        return output_usage(check->json, "--user %s: no such user", name);
    }
    if (getgrouplist(user->pw_name, user->pw_gid, check->groups, &count) < 0) {
        count = 0;
    }
    *caller = (struct caller){user->pw_uid, user->pw_gid, check->groups, (size_t)count};
    return 0;
}

/* Why the rule's user does not match; where it otherwise would, the id is a subordinate one. */
static void explain_user(const struct check *check, const char *value, char *detail, size_t size) {
    const struct caller *caller = &check->caller;
    struct policy_subject ordinary = check->subject;

    ordinary.subuid_line = 0;
    if (policy_value_has_caller(value, &ordinary)) {
        snprintf(detail, size, "'%s' does not match uid %u, a subordinate id (/etc/subuid:%u)",
                 value, caller->uid, check->subject.subuid_line);
    } else {
        snprintf(detail, size, "'%s' names neither uid %u nor a group of its", value, caller->uid);
    }
}

/* Whose subordinate id asks, as {line, owner}; null: nobody's, or no rule needs to know. */
static json_t *subordinate_json(const struct policy_subject *subject) {
    struct policy_subuid line;
    char owner[ACCOUNTS_OWNER];

    if (!subject->subuid_line || !accounts_subordinate(subject->caller.uid, &line)) {
        return json_null();
    }
    return json_pack("{s:i, s:s}", "line", (int)line.line, "owner", accounts_owner(&line, owner));
}

static void print_subordinate(const struct policy_subject *subject) {
    struct policy_subuid line;
    char owner[ACCOUNTS_OWNER];

    if (!subject->subuid_line || !accounts_subordinate(subject->caller.uid, &line)) {
        return;
    }
    printf("  note: uid %u is a subordinate id of %s (/etc/subuid:%u): only its number, or a range "
           "within that line, matches it\n",
           subject->caller.uid, accounts_owner(&line, owner), line.line);
}

/* In words: the first condition that does not hold. */
static void explain(const struct check *check, const struct policy_rule *rule, enum policy_key failed,
                    const struct interface *asked, const struct host_bridge *bridge, char *detail, size_t size) {
    const char *value = failed < POLICY_KEYS && rule->value[failed] ? rule->value[failed] : NULL;
    char mac[OUTPUT_MAC];

    detail[0] = 0;
    if (failed == POLICY_USER) {
        explain_user(check, value, detail, size);
    }
    if (failed == POLICY_BRIDGE && asked->bridge[0] && !bridge->facts.exists)
        snprintf(detail, size, "%s %s", asked->bridge, bridge->is_link ? "is no bridge" : "does not exist");
    else if (failed == POLICY_BRIDGE)
        snprintf(detail, size, "'%s' does not name %s", value, asked->bridge[0] ? bridge->facts.name : "none");
    if (failed == POLICY_DEV)
        snprintf(detail, size, value ? "'%s' does not match %s" : "%sno name may be asked for, so not %s", value ? value : "",
                 asked->dev);
    if (failed == POLICY_GUEST_MAC || failed == POLICY_HOST_MAC)
        snprintf(detail, size, value ? "'%s' does not match %s" : "%sno address may be asked for, so not %s", value ? value : "",
                 output_mac(failed == POLICY_GUEST_MAC ? asked->guest_mac : asked->host_mac, mac));
    if (failed == POLICY_MTU && value)
        snprintf(detail, size, "%u is not in %s", asked->mtu, value);
    else if (failed == POLICY_MTU)
        snprintf(detail, size, "only %u may be asked for", bridge->facts.mtu);
    if (failed == POLICY_QUEUES) snprintf(detail, size, "%u are more than %u", asked->queues, policy_number(rule, POLICY_QUEUES));
    if (failed == POLICY_MAX) snprintf(detail, size, "all %u are held", policy_number(rule, POLICY_MAX));
}

/* Adds a piece to TEXT, behind a semicolon if it is not the first. */
__attribute__((format(printf, 3, 4))) static void add(char *text, size_t size, const char *format, ...) {
    size_t used = strlen(text);
    va_list arguments;

    if (used) used += (size_t)snprintf(text + used, size - used, "; ");
    va_start(arguments, format);
    if (used < size) vsnprintf(text + used, size - used, format, arguments);
    va_end(arguments);
}

/* All that is wrong with the bridge of a rule that grants, and what mends it. */
static void explain_faults(uint32_t faults, const struct interface *asked, const struct policy_bridge *bridge,
                           char detail[TEXT_SIZE], char hint[TEXT_SIZE]) {
    const char *name = bridge->name;

    detail[0] = hint[0] = 0;
    if (faults & WIRE_FAULT_UNPINNED) {
        add(detail, TEXT_SIZE, "the MAC address of %s is not fixed", name);
        add(hint, TEXT_SIZE, "ip link set %s address $(cat /sys/class/net/%s/address)", name, name);
    }
    if (faults & WIRE_FAULT_RA) {
        add(detail, TEXT_SIZE, "the host takes router advertisements on %s", name);
        add(hint, TEXT_SIZE, "sysctl -w net/ipv6/conf/%s/accept_ra=0", name);
    }
    if (faults & WIRE_FAULT_MTU) {
        add(detail, TEXT_SIZE, "%u is below the bridge's %u, and could lower it", asked->mtu, bridge->mtu);
        add(hint, TEXT_SIZE, "ask for %u, or leave mtu= out", bridge->mtu);
    }
    if (faults & WIRE_FAULT_MTU_RAISED) {
        add(detail, TEXT_SIZE, "%u is above the bridge's %u, and could raise it: no port but taps has %u or less", asked->mtu,
            bridge->mtu, asked->mtu);
        add(hint, TEXT_SIZE, "ask for %u, or leave mtu= out", bridge->mtu);
    }
    if (faults & WIRE_FAULT_MTU_IPV6) {
        add(detail, TEXT_SIZE, "the MTU of %s is %u: below %u a port has no setting that keeps IPv6 off", name, bridge->mtu,
            WIRE_MTU_IPV6);
        add(hint, TEXT_SIZE, "ip link set %s mtu %u", name, WIRE_MTU_IPV6);
    }
}

/* The devices that the caller holds under the rule, and would by what this command was asked before. */
static uint32_t count_held(const struct check *check, const struct policy_rule *rule) {
    struct tapgrant_device **devices;
    struct tapgrant_error error;
    uint32_t held = 0;
    size_t count;

    for (size_t i = 0; i < check->granted_count; i++) held += check->granted[i] == rule;
    if (tapgrant_list(&devices, &count, &error)) return held;
    for (size_t i = 0; i < count; i++)
        held += tapgrant_rule(devices[i]) && !strcmp(tapgrant_rule(devices[i]), rule->name) &&
                tapgrant_uid(devices[i]) == check->caller.uid;
    tapgrant_list_free(devices, count);
    return held;
}

/* What a granting rule still asks of the bridge, and of what is held already. */
static enum policy_key last_conditions(const struct check *check, const struct policy_verdict *verdict) {
    if (verdict->failed < POLICY_KEYS) return verdict->failed;
    if (verdict->faults & WIRE_FAULT_UNPINNED) return POLICY_ALLOW_UNPINNED;
    if (verdict->faults & WIRE_FAULT_RA) return POLICY_ALLOW_RA;
    if (verdict->faults & (WIRE_FAULT_MTU | WIRE_FAULT_MTU_RAISED | WIRE_FAULT_MTU_IPV6)) {
        return POLICY_MTU;
    }
    return count_held(check, verdict->rule) >= policy_number(verdict->rule, POLICY_MAX) ? POLICY_MAX : POLICY_KEYS;
}

static void tell_rule(const struct check *check, json_t *rules, const struct policy_rule *rule, enum policy_key failed,
                      const char *detail, const char *hint) {
    const char *key = failed < POLICY_KEYS ? policy_key_name(failed) : NULL;

    if (check->json) {
        json_array_append_new(rules, json_pack("{s:s, s:i, s:s?, s:s?, s:s?}", "rule", rule->name, "line", (int)rule->line,
                                               "failed", key, "detail", *detail ? detail : NULL, "hint", *hint ? hint : NULL));
        return;
    }
    if (key) printf("  rule %s (line %u): %s: %s\n", rule->name, rule->line, key, detail);
    if (*hint) printf("  hint: %s\n", hint);
}

/* The rules up to the one that decides, each with its first condition that does not hold. */
static const struct policy_rule *tell_rules(const struct check *check, json_t *rules, const struct interface *asked,
                                            enum policy_key *failed) {
    struct host_bridge bridge = {.facts = {.mtu = POLICY_MTU_ALONE, .pinned = true}};
    struct policy_verdict verdict;
    struct wire_interface wire;
    char detail[TEXT_SIZE], hint[TEXT_SIZE] = "";

    interface_to_wire(asked, &wire);
    if (asked->bridge[0]) bridge = host_bridge_look(asked->bridge);
    verdict = policy_decide(&check->policy, &check->subject, &wire, &bridge.facts);
    *failed = verdict.rule ? last_conditions(check, &verdict) : POLICY_USER;
    for (size_t i = 0; i < check->policy.rule_count; i++) {
        const struct policy_rule *rule = &check->policy.rules[i];
        enum policy_key one = rule == verdict.rule ? *failed : policy_rule_refuses(rule, &check->subject, &wire, &bridge.facts);

        explain(check, rule, one, asked, &bridge, detail, sizeof(detail));
        if (rule == verdict.rule && verdict.failed == POLICY_KEYS && verdict.faults)
            explain_faults(verdict.faults, asked, &bridge.facts, detail, hint);
        tell_rule(check, rules, rule, one, detail, hint);
        if (rule == verdict.rule) break;
    }
    return verdict.rule;
}

/* What the library refuses whatever the policy says. */
static int check_asked(const struct nets *nets) {
    unsigned queues = 0;

    for (size_t i = 0; i < nets->count; i++) queues += nets->asked[i].managed ? nets->asked[i].queues : 0;
    return queues > WIRE_QUEUES ? output_usage(nets->json, "%u queues (at once at most %d)", queues, WIRE_QUEUES) : 0;
}

static void tell(struct check *check, const char *where, const struct interface *asked) {
    json_t *rules = check->json ? json_array() : NULL;
    const struct policy_rule *rule = NULL;
    enum policy_key failed = POLICY_KEYS;
    bool valid = !check->void_reason[0];
    const char *label = asked->label[0] ? asked->label : NULL, *reason = valid ? NULL : check->void_reason;
    char shown[600];

    if (!check->json && label)
        printf("%s: [interface %s]:\n", where, label);
    else if (!check->json)
        printf("%s:\n", interface_printable(where, shown, sizeof(shown)));
    if (asked->managed && valid) rule = tell_rules(check, rules, asked, &failed);
    if (asked->managed && !valid) failed = POLICY_USER;
    check->denied |= failed < POLICY_KEYS;
    if (rule && failed == POLICY_KEYS) check->granted[check->granted_count++] = rule;
    if (check->json) {
        json_array_append_new(
            check->array,
            json_pack("{s:s?, s:s, s:s?, s:o, s:o, s:s?, s:o}", "label", label, "verdict",
                      failed < POLICY_KEYS ? "deny" : "allow", "rule", rule ? rule->name : NULL,
                      "line", rule ? json_integer(rule->line) : json_null(), "rules", rules,
                      "reason", reason, "subordinate", subordinate_json(&check->subject)));
        return;
    }
    if (asked->managed && valid && !rule) {
        print_subordinate(&check->subject);
    }
    if (!asked->managed)
        puts("  allowed: managed=no is no matter of the policy's");
    else if (!valid)
        printf("  denied: nobody is granted anything: %s\n", check->void_reason);
    else if (failed < POLICY_KEYS)
        puts(rule ? "  denied: that rule decides alone" : "  denied: no rule names you and the bridge");
    else
        printf("  allowed by rule %s (" POLICY_PATH ":%u)\n", rule->name, rule->line);
}

/* --user USER and --json, taken out; the rest is for nets_parse(). */
static const char *take_user(int *argc, char *argv[], bool *faulty) {
    const char *user = NULL;
    int kept = 1;

    for (int i = 1; i < *argc; i++) {
        if (!strcmp(argv[i], "--user") && i + 1 < *argc)
            user = argv[++i];
        else if (!strncmp(argv[i], "--user=", 7))
            user = argv[i] + 7;
        else
            argv[kept++] = argv[i];
    }
    *faulty = kept > 1 && !strcmp(argv[kept - 1], "--user");
    argv[ *argc = kept] = NULL;
    return user;
}

int check_main(int argc, char *argv[]) {
    static struct check all; /* its rules and names are read once, for all that is asked */
    struct check *check = &all;
    struct nets nets;
    bool faulty;
    const char *user = take_user(&argc, argv, &faulty);
    int code;

    if (faulty) return output_usage(false, "--user needs a value");
    code = nets_parse(&nets, argc, argv, true, help);
    if (code) return code < 0 ? TAPGRANT_OK : code;
    check->json = nets.json;
    if (optind < argc) return output_usage(nets.json, "check takes options only, not '%s'", argv[optind]);
    code = check_asked(&nets);
    if (!code) code = become(check, user);
    if (!code) code = load(check);
    if (code) return code;
    if (check->json) check->array = json_array();
    for (size_t i = 0; i < nets.count; i++) tell(check, nets.where[i], &nets.asked[i]);
    code = check->json ? output_json(check->array) : output_end();
    return code ? code : check->denied ? TAPGRANT_DENIED : TAPGRANT_OK;
}
