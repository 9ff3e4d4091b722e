// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The policy, as far as who asks may read it, and every bridge that it names.
 */
#include "conf/file/file.h"
#include "cli/accounts.h"
#include "cli/doctor/checks.h"
#include "cli/host_bridge.h"

#include <dirent.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define POLICY_PATH POLICY_FOLDER "/policy.conf"
#define BRIDGES 256

struct bridges {
    char name[BRIDGES][WIRE_NAME];
    size_t count;
};

static void tell_fault(void *context, unsigned line, const char *reason, const char *detail) {
    char object[300];

    snprintf(object, sizeof(object), POLICY_PATH ":%u", line);
    findings_bad(context, "policy", object, "mend the line: tapgrant-policy(5); until then everybody is denied", "%s%s%s%s",
                 reason, detail ? " (" : "", detail ? detail : "", detail ? ")" : "");
}

static void explain_unread(struct findings *findings, int failed) {
    if (failed == -EACCES)
        findings_bad(findings, "policy", POLICY_PATH, "chmod 0644 " POLICY_PATH ", or ask as root", "not readable by you");
    else if (failed == -ENOENT)
        findings_bad(findings, "policy", POLICY_PATH, "install -D -m 0644 /dev/null " POLICY_PATH ", and write a rule",
                     "does not exist: everybody is denied");
    else if (failed == -EPERM)
        findings_bad(findings, "policy", POLICY_PATH,
                     "chown root:root " POLICY_FOLDER " " POLICY_PATH "; chmod go-w " POLICY_FOLDER " " POLICY_PATH,
                     "it or its folder is not root's, or others can write: everybody is denied");
    else
        findings_bad(findings, "policy", POLICY_PATH, "let it be a regular file: tapgrant-policy(5)", "%s: everybody is denied",
                     failed == -ELOOP ? "a symbolic link" : strerror(-failed));
}

static void explain_accounts(struct findings *findings, const char *path, int failed) {
    char hint[200];

    if (failed == -EACCES) {
        snprintf(hint, sizeof(hint), "chmod a+r %s, or ask as root", path);
        findings_warn(findings, "names", path, hint,
                      "not readable by you: what the policy makes of it is not checked");
        return;
    }
    snprintf(hint, sizeof(hint), "let it be a plain text file that only root can write");
    if (failed == -EPERM) {
        snprintf(hint, sizeof(hint), "chown root:root /etc %s; chmod go-w /etc %s", path, path);
    }
    findings_bad(findings, "names", path, hint,
                 "cannot be used for the policy: everybody is denied (%s)",
                 accounts_reason(failed));
}

/* Is the user who asks one that only its number names? */
static void check_subordinate(struct findings *findings, const struct policy *policy) {
    const uint32_t uid = getuid();
    struct policy_subuid line;
    char object[40];
    char owner[ACCOUNTS_OWNER];

    if (!policy->has_broad_words || !accounts_subordinate(uid, &line)) {
        return;
    }
    snprintf(object, sizeof(object), "/etc/subuid:%u", line.line);
    findings_warn(findings, "names", object,
                  "name it in the policy by its number: tapgrant-policy(5), Subordinate ids",
                  "uid %u is a subordinate id of %s: *, groups and ranges do not match it",
                  uid, accounts_owner(&line, owner));
}

/* The files of accounts, and the names in them; what the helper reads, with its conditions. */
static void check_names(struct findings *findings, const struct policy *policy) {
    struct policy_accounts accounts;
    const char *path = NULL;
    int failed = policy_accounts_read(policy, &accounts, &path);

    if (failed) {
        explain_accounts(findings, path, failed);
    }
    for (size_t i = 0; !failed && policy->has_names && i < policy->rule_count; i++) {
        const struct policy_rule *rule = &policy->rules[i];
        const char *users = rule->value[POLICY_USER];

        if (policy_check_value(&accounts, POLICY_USER, users)) {
            tell_fault(findings, rule->line,
                       "names a user or group that is not in /etc/passwd or /etc/group; write ids",
                       users);
        }
    }
    accounts_free(&accounts);
    check_subordinate(findings, policy);
}

/* Is there a rule for the bridge that does not waive the condition KEY? */
static bool matters(const struct policy *policy,
                    const struct policy_subject *subject,
                    const char *name,
                    enum policy_key key) {
    for (size_t i = 0; i < policy->rule_count; i++) {
        const struct policy_rule *rule = &policy->rules[i];

        if (policy_value_has_name(rule->value[POLICY_BRIDGE], subject, name) &&
            (!rule->value[key] || strcmp(rule->value[key], "yes")))
            return true;
    }
    return false;
}

/* What stands on the bridge, as a VLAN device or a macvlan: the helper asks of the bridge only, guests reach all of them. */
static void check_uppers(struct findings *findings, const char *name) {
    char path[64], object[300], hint[300];
    DIR *folder;

    snprintf(path, sizeof(path), "/sys/class/net/%s", name);
    folder = opendir(path);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        const char *upper = entry->d_name + strlen("upper_");

        if (strncmp(entry->d_name, "upper_", strlen("upper_")) || !host_takes_ra(upper)) continue;
        snprintf(object, sizeof(object), "interface %s", upper);
        snprintf(hint, sizeof(hint), "sysctl -w net/ipv6/conf/%s/accept_ra=0", upper);
        findings_warn(findings, "ra", object, hint, "stands on bridge %s, and the host takes router advertisements on it", name);
    }
    if (folder) closedir(folder);
}

static void check_bridge(struct findings *findings,
                         const struct policy *policy,
                         const struct policy_subject *subject,
                         const char *name) {
    struct host_bridge bridge = host_bridge_look(name);
    size_t bad = findings->bad;
    char object[32], hint[256];

    snprintf(object, sizeof(object), "bridge %s", name);
    if (!bridge.facts.exists) {
        snprintf(hint, sizeof(hint),
                 "ip link add %s address 02:00:00:00:00:01 type bridge; ip link set %s up; "
                 "sysctl -w net/ipv6/conf/%s/accept_ra=0",
                 name, name, name);
        if (!bridge.is_link)
            findings_bad(findings, "bridge", object, hint, "does not exist");
        else
            findings_bad(findings, "bridge", object, "name a bridge in the policy", "is no bridge");
        return;
    }
    snprintf(hint, sizeof(hint), "ip link set %s address $(cat /sys/class/net/%s/address)", name, name);
    if (!bridge.facts.pinned && matters(policy, subject, name, POLICY_ALLOW_UNPINNED))
        findings_bad(findings, "pinned", object, hint, "its MAC address is not fixed, so that a port could change it");
    snprintf(hint, sizeof(hint), "sysctl -w net/ipv6/conf/%s/accept_ra=0", name);
    if (bridge.facts.takes_ra && matters(policy, subject, name, POLICY_ALLOW_RA))
        findings_bad(findings, "ra", object, hint, "the host takes router advertisements on it");
    snprintf(hint, sizeof(hint), "ip link show master %s lists its ports: take some away", name);
    if (bridge.ports >= HOST_BRIDGE_PORTS)
        findings_bad(findings, "ports", object, hint, "all %d ports are taken", HOST_BRIDGE_PORTS);
    if (findings->bad == bad)
        findings_good(findings, "bridge", object, "fit; MTU %u, %zu of %d ports left", bridge.facts.mtu,
                      HOST_BRIDGE_PORTS - bridge.ports, HOST_BRIDGE_PORTS);
    if (matters(policy, subject, name, POLICY_ALLOW_RA)) check_uppers(findings, bridge.facts.name);
}

/* Of a device's own rp_filter and that of all the kernel takes the larger one, and 2 is laxer than 1: ip-sysctl.rst. */
static void check_unbridged(struct findings *findings, const struct policy *policy) {
    char word[POLICY_LINE + 1];
    bool granted = false;
    long filter = 0;

    for (size_t i = 0; i < policy->rule_count; i++)
        for (const char *words = policy->rules[i].value[POLICY_BRIDGE]; policy_next(&words, word);)
            granted |= !strcmp(word, "none");
    if (granted && host_number("/proc/sys/net/ipv4/conf", "all", "rp_filter", &filter) && filter > 1)
        findings_warn(findings, "rp_filter", "net.ipv4.conf.all.rp_filter", "sysctl -w net/ipv4/conf/all/rp_filter=1",
                      "%ld makes the 1 of a tap without a bridge %ld: its guest may send from others' addresses", filter, filter);
}

static void add(struct bridges *bridges, const char *name) {
    for (size_t i = 0; i < bridges->count; i++)
        if (!strcmp(bridges->name[i], name)) return;
    if (bridges->count < BRIDGES && strlen(name) < WIRE_NAME) snprintf(bridges->name[bridges->count++], WIRE_NAME, "%s", name);
}

/* The bridges of this host whose names match the word. */
static void add_matching(struct bridges *bridges,
                         const struct policy_subject *subject,
                         const char *word) {
    DIR *folder = opendir("/sys/class/net");
    char path[300];

    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        snprintf(path, sizeof(path), "/sys/class/net/%s/bridge", entry->d_name);
        if (entry->d_name[0] != '.' && !access(path, F_OK) && policy_value_has_name(word, subject, entry->d_name))
            add(bridges, entry->d_name);
    }
    if (folder) closedir(folder);
}

static void check_bridges(struct findings *findings,
                          const struct policy *policy,
                          const struct policy_subject *subject) {
    struct bridges bridges = {0};
    char word[POLICY_LINE + 1];

    for (size_t i = 0; i < policy->rule_count; i++) {
        for (const char *words = policy->rules[i].value[POLICY_BRIDGE]; policy_next(&words, word);) {
            if (!strcmp(word, "none")) continue;
            if (word[strcspn(word, "*{")])
                add_matching(&bridges, subject, word);
            else
                add(&bridges, word);
        }
    }
    for (size_t i = 0; i < bridges.count; i++) check_bridge(findings, policy, subject, bridges.name[i]);
}

void checks_policy(struct findings *findings) {
    const struct passwd *me = getpwuid(getuid());
    struct policy_subject subject = {.caller = {.uid = getuid(), .gid = getgid()}};
    struct policy policy;
    char *text;
    size_t size;
    int failed = file_read_trusted(POLICY_FOLDER, "policy.conf", POLICY_SIZE, &text, &size);

    if (failed) {
        explain_unread(findings, failed);
        return;
    }
    if (!policy_parse(&policy, text, size, tell_fault, findings)) {
        findings_good(findings, "policy", POLICY_PATH, "valid; %zu rules%s", policy.rule_count,
                      policy.rule_count ? "" : ": everybody is denied");
        snprintf(subject.name, sizeof(subject.name), "%s", me ? me->pw_name : "");
        check_names(findings, &policy);
        check_bridges(findings, &policy, &subject);
        check_unbridged(findings, &policy);
    }
    free(policy.rules);
    free(policy.text);
    free(text);
}
