// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The bridge's port that a tap is: does it still have what tapgrant made it with?  A program that
 * takes a tap off its bridge and puts it back, as NetworkManager may, makes a new port, without any
 * of it.
 */
#include "cli/doctor/checks.h"
#include "wire/wire.h"

#include <stdio.h>
#include <string.h>

struct port_state {
    bool lock;
    bool isolate;
};

/* Yes or no of the rule that made the tap, as the policy says it now; AS_IS if it does not. */
static bool rule_says(const struct policy *policy,
                      const struct tap *tap,
                      enum policy_key key,
                      bool as_is) {
    for (size_t i = 0; i < policy->rule_count; i++) {
        const struct policy_rule *rule = &policy->rules[i];

        if (rule->value[key] && !strcmp(rule->name, tapgrant_rule(tap->device))) {
            return !strcmp(rule->value[key], "yes");
        }
    }
    return as_is;
}

/* What the tap's rule says.  What it does not say, or the user may not read, is as it is. */
static struct port_state port_expected(const struct tap *tap, struct port_state is) {
    struct port_state expected = is;
    struct policy policy;
    bool is_valid;

    if (!tapgrant_rule(tap->device)) {
        return expected;
    }
    if (!policy_file_load(&policy, &is_valid, NULL, NULL) && is_valid) {
        expected.lock = rule_says(&policy, tap, POLICY_LOCK_MAC, is.lock);
        expected.isolate = rule_says(&policy, tap, POLICY_ISOLATE, is.isolate);
    }
    policy_file_free(&policy);
    return expected;
}

static void write_state(const struct tap *tap, struct port_state is, char *text, size_t size) {
    const uint8_t *guest_mac = tapgrant_guest_mac(tap->device);
    const char *guard = "without BPDU guard or root block";
    char lock[sizeof("locked to ") + WIRE_MAC_TEXT] = "not locked";
    char mac[WIRE_MAC_TEXT];

    if (is.lock && guest_mac) {
        snprintf(lock, sizeof(lock), "locked to %s", wire_mac_text(guest_mac, mac));
    } else if (is.lock) {
        snprintf(lock, sizeof(lock), "locked");
    }
    if (tapgrant_guarded(tap->device)) {
        guard = "BPDU guard and root block";
    }
    snprintf(text, size, "%s; %s; %s", lock, is.isolate ? "isolated" : "not isolated", guard);
}

/* A port that is to be locked needs the guest's address, which nobody knows any more. */
static void write_hint(const struct tap *tap,
                       struct port_state is,
                       struct port_state expected,
                       char *hint,
                       size_t size) {
    bool is_locked = is.lock && tapgrant_guest_mac(tap->device);

    if (expected.lock && !is_locked) {
        snprintf(hint, size,
                 "ip link set %s nomaster, and let its user delete it and ask for it anew",
                 tap->name);
    } else {
        snprintf(hint, size, "bridge link set dev %s guard on root_block on isolated %s%s",
                 tap->name, expected.isolate ? "on" : "off",
                 expected.lock == is.lock ? "" : " locked off learning on");
    }
}

static void report_other_than_rule(struct findings *findings,
                                   const struct tap *tap,
                                   struct port_state expected,
                                   const char *hint,
                                   const char *state) {
    const char *rule = tapgrant_rule(tap->device);

    findings_warn(findings, "port", tap->object, hint,
                  "%s: not what rule %s says (lock-mac = %s, isolate = %s)", state,
                  rule ? rule : "-", expected.lock ? "yes" : "no", expected.isolate ? "yes" : "no");
}

void check_port(struct findings *findings, const struct tap *tap) {
    const struct tapgrant_device *device = tap->device;
    struct port_state is = {tapgrant_locked(device), tapgrant_isolated(device)};
    bool is_tapgrants = tapgrant_rule(device) || tapgrant_label(device);
    bool lacks_mac = is.lock && !tapgrant_guest_mac(device);
    struct port_state expected;
    char state[160];
    char hint[200];

    if (!tapgrant_bridge(device)) {
        return;
    }
    expected = port_expected(tap, is);
    write_state(tap, is, state, sizeof(state));
    write_hint(tap, is, expected, hint, sizeof(hint));
    if (!is_tapgrants) {
        findings_good(findings, "port", tap->object, "%s", state);
    } else if (expected.lock != is.lock || lacks_mac || expected.isolate != is.isolate) {
        report_other_than_rule(findings, tap, expected, hint, state);
    } else if (!tapgrant_guarded(device)) {
        findings_warn(findings, "port", tap->object, hint, "%s: not as tapgrant made it", state);
    } else {
        findings_good(findings, "port", tap->object, "%s", state);
    }
}
