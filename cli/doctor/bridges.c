// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Every bridge that the policy names: does it exist, and is it fit for guests?
 */
#include "cli/doctor/checks.h"
#include "cli/shared/host_bridge.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#define BRIDGES 256 /* at most so many are checked */
#define LINKS "/sys/class/net"
#define UPPER "upper_" /* what the kernel calls the entry of a link that stands on another */

struct bridges {
    char name[BRIDGES][WIRE_NAME];
    size_t count;
};

struct bridge_view {
    const struct policy_view *rules;
    const char *name; /* as the policy has it */
    struct host_bridge bridge;
    char object[32];
};

/* A rule with max = 0 decides, and grants no tap. */
static bool grants_taps(const struct policy_rule *rule) {
    return policy_number(rule, POLICY_MAX) > 0;
}

/* Is there a rule for the bridge that does not waive the condition KEY? */
static bool matters(const struct bridge_view *view, enum policy_key key) {
    const struct policy *policy = &view->rules->policy;

    for (size_t i = 0; i < policy->rule_count; i++) {
        const char *const *value = policy->rules[i].value;
        bool is_for_it =
            policy_value_has_name(value[POLICY_BRIDGE], &view->rules->subject, view->name);
        bool is_waived = value[key] && !strcmp(value[key], "yes");

        if (is_for_it && grants_taps(&policy->rules[i]) && !is_waived) {
            return true;
        }
    }
    return false;
}

static void check_pinned(struct findings *findings, const struct bridge_view *view) {
    char hint[HOST_COMMAND];

    if (!view->bridge.facts.pinned && matters(view, POLICY_ALLOW_UNPINNED)) {
        findings_bad(findings, "pinned", view->object, host_command_to_pin(view->name, hint),
                     "its MAC address is not fixed, so that a port could change it");
    }
}

static void check_ra(struct findings *findings, const struct bridge_view *view) {
    char hint[HOST_COMMAND];

    if (view->bridge.facts.takes_ra && matters(view, POLICY_ALLOW_RA)) {
        findings_bad(findings, "ra", view->object, host_command_to_refuse_ra(view->name, hint),
                     "the host takes router advertisements on it");
    }
}

static void check_ports(struct findings *findings, const struct bridge_view *view) {
    char hint[100];

    if (view->bridge.ports < HOST_BRIDGE_PORTS) {
        return;
    }
    snprintf(hint, sizeof(hint), "ip link show master %s lists its ports: take some away",
             view->name);
    findings_bad(findings, "ports", view->object, hint, "all %d ports are taken",
                 HOST_BRIDGE_PORTS);
}

/* A new check of a bridge gets its row here. */
static void (*const checks[])(struct findings *findings, const struct bridge_view *view) = {
    check_pinned,
    check_ra,
    check_ports,
};

static void check_upper(struct findings *findings, const char *bridge, const char *upper) {
    char object[32];
    char hint[HOST_COMMAND];

    if (!host_takes_ra(upper)) {
        return;
    }
    snprintf(object, sizeof(object), "interface %.15s", upper);
    findings_warn(findings, "ra", object, host_command_to_refuse_ra(upper, hint),
                  "stands on bridge %s, and the host takes router advertisements on it", bridge);
}

/*
 * The links that stand on the bridge, as a VLAN device or a macvlan.  The helper asks only about
 * the bridge, and guests reach all of them.
 */
static void check_uppers(struct findings *findings, const char *bridge) {
    struct dirent *entry;
    char path[64];
    DIR *folder;

    snprintf(path, sizeof(path), LINKS "/%s", bridge);
    folder = opendir(path);
    if (!folder) {
        return;
    }
    for (entry = readdir(folder); entry; entry = readdir(folder)) {
        if (!strncmp(entry->d_name, UPPER, strlen(UPPER))) {
            check_upper(findings, bridge, entry->d_name + strlen(UPPER));
        }
    }
    closedir(folder);
}

static void report_missing(struct findings *findings, const struct bridge_view *view) {
    char without_ra[HOST_COMMAND];
    char hint[HOST_COMMAND + 150];

    if (view->bridge.is_link) {
        findings_bad(findings, "bridge", view->object, "name a bridge in the policy",
                     "is no bridge");
        return;
    }
    snprintf(hint, sizeof(hint),
             "ip link add %s address 02:00:00:00:00:01 type bridge; ip link set %s up; %s",
             view->name, view->name, host_command_to_refuse_ra(view->name, without_ra));
    findings_bad(findings, "bridge", view->object, hint, "does not exist");
}

static void check_bridge(struct findings *findings,
                         const struct policy_view *rules,
                         const char *name) {
    struct bridge_view view = {.rules = rules, .name = name, .bridge = host_bridge_look(name)};
    const struct policy_bridge *facts = &view.bridge.facts;
    size_t bad_before = findings->bad;

    snprintf(view.object, sizeof(view.object), "bridge %.15s", name);
    if (view.bridge.error) {
        findings_bad(findings, "bridge", view.object, "try again", "cannot be looked up: %s",
                     strerror(-view.bridge.error));
        return;
    }
    if (!facts->exists) {
        report_missing(findings, &view);
        return;
    }
    if (view.bridge.sys_error) {
        findings_bad(findings, "bridge", view.object, HOST_OTHER_SYS_HINT, HOST_OTHER_SYS);
    }
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        checks[i](findings, &view);
    }
    if (findings->bad == bad_before) {
        findings_good(findings, "bridge", view.object, "fit; MTU %u, %zu of %d ports left",
                      facts->mtu, HOST_BRIDGE_PORTS - view.bridge.ports, HOST_BRIDGE_PORTS);
    }
    if (matters(&view, POLICY_ALLOW_RA) && !view.bridge.sys_error) {
        check_uppers(findings, facts->name);
    }
}

/* Adds a name once. */
static void add(struct bridges *bridges, const char *name) {
    for (size_t i = 0; i < bridges->count; i++) {
        if (!strcmp(bridges->name[i], name)) {
            return;
        }
    }
    if (bridges->count < BRIDGES && strlen(name) < WIRE_NAME) {
        snprintf(bridges->name[bridges->count], WIRE_NAME, "%s", name);
        bridges->count++;
    }
}

/* The bridges whose names match a word. */
struct matching {
    struct bridges *bridges;
    const struct policy_subject *subject;
    const char *word;
};

static void add_matching(const char *name, void *context) {
    const struct matching *matching = context;

    if (policy_value_has_name(matching->word, matching->subject, name)) {
        add(matching->bridges, name);
    }
}

static void add_word(struct findings *findings,
                     struct bridges *bridges,
                     const struct policy_subject *subject,
                     const char *word) {
    struct matching matching = {bridges, subject, word};
    bool is_pattern = strpbrk(word, "*{");

    if (!strcmp(word, "none")) {
        return;
    }
    if (is_pattern) {
        int error = host_bridges(add_matching, &matching);

        if (error) {
            findings_bad(findings, "bridge", word, "try again",
                         "the kernel does not list links: %s", strerror(-error));
        }
    } else {
        add(bridges, word);
    }
}

void check_bridges(struct findings *findings, const struct policy_view *view) {
    struct bridges bridges = {.count = 0};
    char word[POLICY_LINE + 1];

    for (size_t i = 0; i < view->policy.rule_count; i++) {
        const struct policy_rule *rule = &view->policy.rules[i];
        const char *words = rule->value[POLICY_BRIDGE];

        while (grants_taps(rule) && policy_next(&words, word)) {
            add_word(findings, &bridges, &view->subject, word);
        }
    }
    for (size_t i = 0; i < bridges.count; i++) {
        check_bridge(findings, view, bridges.name[i]);
    }
}

/* Does a rule allow taps without a bridge? */
static bool has_none(const struct policy *policy) {
    char word[POLICY_LINE + 1];

    for (size_t i = 0; i < policy->rule_count; i++) {
        const struct policy_rule *rule = &policy->rules[i];
        const char *words = rule->value[POLICY_BRIDGE];

        while (grants_taps(rule) && policy_next(&words, word)) {
            if (!strcmp(word, "none")) {
                return true;
            }
        }
    }
    return false;
}

/*
 * Of a link's own rp_filter and that of "all" the kernel takes the larger one, and 2 is laxer than
 * 1: Documentation/networking/ip-sysctl.rst.
 */
void check_unbridged(struct findings *findings, const struct policy_view *view) {
    long filter = 0;

    if (!has_none(&view->policy)) {
        return;
    }
    if (host_number("/proc/sys/net/ipv4/conf", "all", "rp_filter", &filter) && filter > 1) {
        findings_warn(findings, "rp_filter", "net.ipv4.conf.all.rp_filter",
                      "sysctl -w net/ipv4/conf/all/rp_filter=1",
                      "%ld makes the 1 of a tap without a bridge %ld: its guest may send from "
                      "others' addresses",
                      filter, filter);
    }
}
