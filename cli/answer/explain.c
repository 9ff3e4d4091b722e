// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * In words: the first condition of a rule that does not hold, and what would help.
 */
#include "cli/answer/answer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SHOWN 240 /* bytes of a value in a sentence */

/* VALUE; of a long one, which may have many lines, the first words and "...". */
static const char *shorten(const char *value, char text[SHOWN]) {
    size_t length;

    if (!value) {
        value = ""; /* a rule without the key */
    }
    length = strlen(value);
    if (length >= SHOWN) {
        length = SHOWN - sizeof(" ...");
        while (length && value[length] != ' ') {
            length--;
        }
        snprintf(text, SHOWN, "%.*s ...", (int)length, value);
    } else {
        snprintf(text, SHOWN, "%s", value);
    }
    return text;
}

/* Why the rule's user does not match; where it otherwise would, the id is a subordinate one. */
static void explain_user(const struct check *check, const char *value, char detail[CHECK_TEXT]) {
    uint32_t uid = check->caller.uid;
    char shown[SHOWN];
    struct policy_subject ordinary = check->subject;

    ordinary.subuid_line = 0;
    if (policy_value_has_caller(value, &ordinary)) {
        snprintf(detail, CHECK_TEXT,
                 "'%s' does not match uid %u, a subordinate id (/etc/subuid:%u)",
                 shorten(value, shown), uid, check->subject.subuid_line);
    } else {
        snprintf(detail, CHECK_TEXT, "'%s' names neither uid %u nor a group of its",
                 shorten(value, shown), uid);
    }
}

static void explain_bridge(const struct answer *answer,
                           const char *value,
                           char detail[CHECK_TEXT]) {
    const char *wanted = answer->wanted->bridge;
    const struct host_bridge *bridge = &answer->bridge;

    if (!wanted[0]) {
        snprintf(detail, CHECK_TEXT, "'%s' does not name none", value);
    } else if (bridge->facts.exists) {
        snprintf(detail, CHECK_TEXT, "'%s' does not name %s", value, bridge->facts.name);
    } else if (bridge->is_link) {
        snprintf(detail, CHECK_TEXT, "%s is no bridge", wanted);
    } else {
        snprintf(detail, CHECK_TEXT, "%s does not exist", wanted);
    }
}

static void explain_dev(const char *dev, const char *value, char detail[CHECK_TEXT]) {
    if (value) {
        snprintf(detail, CHECK_TEXT, "'%s' does not match %s", value, dev);
    } else {
        snprintf(detail, CHECK_TEXT, "no name may be asked for, so not %s", dev);
    }
}

static void explain_mac(const uint8_t mac[6], const char *value, char detail[CHECK_TEXT]) {
    char text[WIRE_MAC_TEXT];

    wire_mac_text(mac, text);
    if (value) {
        snprintf(detail, CHECK_TEXT, "'%s' does not match %s", value, text);
    } else {
        snprintf(detail, CHECK_TEXT, "no address may be asked for, so not %s", text);
    }
}

static void explain_mtu(const struct answer *answer, const char *value, char detail[CHECK_TEXT]) {
    if (value) {
        snprintf(detail, CHECK_TEXT, "%u is not in %s", answer->wanted->mtu, value);
    } else {
        snprintf(detail, CHECK_TEXT, "only %u may be asked for", answer->bridge.facts.mtu);
    }
}

static void explain_max(uint32_t max, char detail[CHECK_TEXT]) {
    if (max) {
        snprintf(detail, CHECK_TEXT, "all %u are held", max);
    } else {
        snprintf(detail, CHECK_TEXT, "the rule grants nothing (max = 0)");
    }
}

static void explain_netns(const struct interface *wanted,
                          const char *value,
                          char detail[CHECK_TEXT]) {
    if (!wanted->host_netns) {
        snprintf(detail, CHECK_TEXT,
                 "netns=host is not asked for, and the service makes no tap in another network "
                 "namespace");
    } else {
        snprintf(detail, CHECK_TEXT, "'%s' allows no caller in another network namespace",
                 value ? value : "no");
    }
}

static void explain_condition(const struct check *check,
                              const struct answer *answer,
                              struct rule_answer *one) {
    const struct interface *wanted = answer->wanted;
    const char *whole = one->failed < POLICY_KEYS ? one->rule->value[one->failed] : NULL;
    char shown[SHOWN];
    const char *value = whole ? shorten(whole, shown) : NULL;

    switch (one->failed) {
    case POLICY_USER:
        explain_user(check, whole, one->detail);
        break;
    case POLICY_BRIDGE:
        explain_bridge(answer, value, one->detail);
        break;
    case POLICY_DEV:
        explain_dev(wanted->dev, value, one->detail);
        break;
    case POLICY_GUEST_MAC:
        explain_mac(wanted->guest_mac, value, one->detail);
        break;
    case POLICY_HOST_MAC:
        explain_mac(wanted->host_mac, value, one->detail);
        break;
    case POLICY_MTU:
        explain_mtu(answer, value, one->detail);
        break;
    case POLICY_QUEUES:
        snprintf(one->detail, CHECK_TEXT, "%u are more than %u", wanted->queues,
                 policy_number(one->rule, POLICY_QUEUES));
        break;
    case POLICY_MAX:
        explain_max(policy_number(one->rule, POLICY_MAX), one->detail);
        break;
    case POLICY_ALLOW_OTHER_NETNS:
        explain_netns(wanted, value, one->detail);
        break;
    case POLICY_ISOLATE:
    case POLICY_LOCK_MAC:
    case POLICY_ALLOW_UNPINNED:
    case POLICY_ALLOW_RA:
    case POLICY_KEYS:
        break;
    }
}

/* Adds a piece to TEXT, behind a semicolon if it is not the first. */
__attribute__((format(printf, 2, 3))) static void add(char text[CHECK_TEXT],
                                                      const char *format,
                                                      ...) {
    size_t used = strlen(text);
    va_list arguments;

    if (used) {
        used += (size_t)snprintf(text + used, CHECK_TEXT - used, "; ");
    }
    if (used >= CHECK_TEXT) {
        return;
    }
    va_start(arguments, format);
    vsnprintf(text + used, CHECK_TEXT - used, format, arguments);
    va_end(arguments);
}

static void explain_mtu_faults(const struct answer *answer, struct rule_answer *one) {
    const struct policy_bridge *bridge = &answer->bridge.facts;
    uint32_t faults = answer->verdict.faults;
    uint32_t wanted = answer->wanted->mtu;
    char command[HOST_COMMAND];

    if (faults & WIRE_FAULT_MTU) {
        add(one->detail, "%u is below the bridge's %u, and could lower it", wanted, bridge->mtu);
        add(one->hint, "ask for %u, or leave mtu= out", bridge->mtu);
    }
    if (faults & WIRE_FAULT_MTU_RAISED) {
        add(one->detail,
            "%u is above the bridge's %u, and could raise it: no port but taps has %u or less",
            wanted, bridge->mtu, wanted);
        add(one->hint, "ask for %u, or leave mtu= out", bridge->mtu);
    }
    if (faults & WIRE_FAULT_MTU_IPV6) {
        add(one->detail, "the MTU of %s is %u: below %u a port has no setting that keeps IPv6 off",
            bridge->name, bridge->mtu, WIRE_MTU_IPV6);
        add(one->hint, "%s", host_command_to_raise_mtu(bridge->name, command));
    }
}

/* All that is wrong with the bridge of a rule that grants, and what makes it fit. */
static void explain_faults(const struct answer *answer, struct rule_answer *one) {
    const char *bridge = answer->bridge.facts.name;
    uint32_t faults = answer->verdict.faults;
    char command[HOST_COMMAND];

    if (faults & WIRE_FAULT_UNPINNED) {
        add(one->detail, "the MAC address of %s is not fixed", bridge);
        add(one->hint, "%s", host_command_to_pin(bridge, command));
    }
    if (faults & WIRE_FAULT_RA) {
        add(one->detail, "the host takes router advertisements on %s", bridge);
        add(one->hint, "%s", host_command_to_refuse_ra(bridge, command));
    }
    explain_mtu_faults(answer, one);
}

void answer_explain(const struct check *check,
                    const struct answer *answer,
                    size_t n,
                    struct rule_answer *one) {
    const struct policy_rule *rule = &check->policy.rules[n];
    const struct policy_verdict *verdict = &answer->verdict;

    *one = (struct rule_answer){.rule = rule, .failed = answer->failed};
    if (rule != answer->rule) {
        one->failed =
            policy_rule_refuses(rule, &check->subject, &answer->wire, &answer->bridge.facts);
    }
    if (rule == answer->rule && verdict->failed == POLICY_KEYS && verdict->faults) {
        explain_faults(answer, one);
    } else {
        explain_condition(check, answer, one);
    }
}

/* No rule decides. */
static void write_no_rule(const struct check *check,
                          const struct answer *answer,
                          char text[CHECK_REASON]) {
    const char *bridge = answer->wanted->bridge;
    char caller[POLICY_WORD];

    check_caller_name(check, caller);
    if (!bridge[0]) {
        snprintf(text, CHECK_REASON, "no rule names %s for a tap without a bridge", caller);
    } else if (answer->bridge.facts.exists) {
        snprintf(text, CHECK_REASON, "no rule names %s for %s", caller, answer->bridge.facts.name);
    } else {
        snprintf(text, CHECK_REASON, "%s %s", bridge,
                 answer->bridge.is_link ? "is no bridge" : "does not exist");
    }
}

const char *answer_reason(const struct check *check,
                          const struct answer *answer,
                          char text[CHECK_REASON]) {
    struct rule_answer last;

    if (check->void_reason[0]) {
        snprintf(text, CHECK_REASON, "%s", check->void_reason);
    } else if (!answer->rule) {
        write_no_rule(check, answer, text);
    } else {
        answer_explain(check, answer, answer->tried - 1, &last);
        snprintf(text, CHECK_REASON, "rule %s (line %u): %s: %s", last.rule->name, last.rule->line,
                 policy_key_name(last.failed), last.detail);
    }
    return text;
}
