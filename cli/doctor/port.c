// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The port of a bridge that a tap of tapgrant's is: does it still have what it was made with?  Who takes a tap off its bridge
 * and puts it back, as NetworkManager may, makes a new port, without any of it.
 */
#include "conf/file/file.h"
#include "cli/doctor/checks.h"
#include "conf/policy/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Yes or no of the rule that made DEVICE, as the policy says it now; AS_IS where that cannot be known. */
static bool rule_says(const struct policy *policy, const struct tapgrant_device *device, enum policy_key key, bool as_is) {
    for (size_t i = 0; i < policy->rule_count; i++) {
        const struct policy_rule *rule = &policy->rules[i];

        if (tapgrant_rule(device) && !strcmp(rule->name, tapgrant_rule(device)) && rule->value[key])
            return !strcmp(rule->value[key], "yes");
    }
    return as_is;
}

static void ask_policy(const struct tapgrant_device *device, bool *lock, bool *isolate) {
    struct policy policy = {0};
    char *text;
    size_t size;

    if (file_read_trusted(POLICY_FOLDER, "policy.conf", POLICY_SIZE, &text, &size)) return;
    if (!policy_parse(&policy, text, size, NULL, NULL)) {
        *lock = rule_says(&policy, device, POLICY_LOCK_MAC, *lock);
        *isolate = rule_says(&policy, device, POLICY_ISOLATE, *isolate);
    }
    free(policy.rules);
    free(policy.text);
    free(text);
}

void checks_port(struct findings *findings, const struct tapgrant_device *device, const char *object) {
    const uint8_t *guest_mac = tapgrant_guest_mac(device);
    bool locked = tapgrant_locked(device), isolated = tapgrant_isolated(device), lock = locked, isolate = isolated;
    const char *dev = tapgrant_name(device);
    char mac[OUTPUT_MAC], text[160], hint[200];

    if (!tapgrant_bridge(device)) return;
    if (tapgrant_rule(device)) ask_policy(device, &lock, &isolate);
    snprintf(text, sizeof(text), "%s%s%s; %s; %s", locked ? "locked" : "not locked", locked && guest_mac ? " to " : "",
             locked && guest_mac ? output_mac(guest_mac, mac) : "", isolated ? "isolated" : "not isolated",
             tapgrant_guarded(device) ? "BPDU guard and root block" : "without BPDU guard or root block");
    /* the guest's address is not known any more */
    if (lock && (!locked || !guest_mac))
        snprintf(hint, sizeof(hint), "ip link set %s nomaster, and let its user delete it and ask for it anew", dev);
    else
        snprintf(hint, sizeof(hint), "bridge link set dev %s guard on root_block on isolated %s%s", dev, isolate ? "on" : "off",
                 lock == locked ? "" : " locked off learning on");
    if (!tapgrant_rule(device) && !tapgrant_label(device))
        findings_good(findings, "port", object, "%s", text);
    else if (lock != locked || (locked && !guest_mac) || isolate != isolated)
        findings_warn(findings, "port", object, hint, "%s: not what rule %s says (lock-mac = %s, isolate = %s)", text,
                      tapgrant_rule(device) ? tapgrant_rule(device) : "-", lock ? "yes" : "no", isolate ? "yes" : "no");
    else if (!tapgrant_guarded(device))
        findings_warn(findings, "port", object, hint, "%s: not as tapgrant made it", text);
    else
        findings_good(findings, "port", object, "%s", text);
}
