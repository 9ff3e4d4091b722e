// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The report as JSON, tapgrant-apply(8).
 */
#include "apply/report_json.h"
#include "apply/difference.h"

#include <stdio.h>

#define USAGE 2 /* the exit status */

json_t *report_json_fault(const char *file, unsigned line, const char *reason, const char *hint) {
    json_t *number = line ? json_integer(line) : json_null();

    return json_pack("{s:s, s:o, s:s, s:s?}", "file", file, "line", number, "reason", reason,
                     "hint", *hint ? hint : NULL);
}

static json_t *changes_json(const struct outcome *outcome) {
    const struct resource *resource = outcome->resource;
    json_t *changes = json_array();
    char from[DIFFERENCE_TEXT];
    char to[DIFFERENCE_TEXT];

    for (unsigned n = 0; resource->definition && n < DIFFERENCES; n++) {
        json_t *change;

        if (!(outcome->differences & (1u << n))) {
            continue;
        }
        change =
            json_pack("{s:s, s:s, s:s}", "key", difference_name(n), "from",
                      difference_from(resource, n, from), "to", difference_to(resource, n, to));
        json_array_append_new(changes, change);
    }
    return changes;
}

static json_t *holder_json(const struct holder *holder) {
    const char *program = holder->program[0] ? holder->program : NULL;
    char user[INTERRUPTION_USER];

    return json_pack("{s:i, s:s?, s:I, s:s}", "pid", (int)holder->pid, "program", program, "uid",
                     (json_int_t)holder->uid, "user", interruption_user(holder->uid, user));
}

static json_t *holders_json(const struct resource *resource) {
    size_t named = interruption_named_holders(resource);
    json_t *holders = json_array();

    for (size_t i = 0; i < named; i++) {
        json_array_append_new(holders, holder_json(&resource->holder[i]));
    }
    return holders;
}

/* Null if no holder is interrupted. */
static json_t *interruption_json(const struct outcome *outcome) {
    static const char *const names[] = {[INTERRUPTION_NONE] = "",
                                        [INTERRUPTION_PAUSED] = "paused",
                                        [INTERRUPTION_DOWN] = "down",
                                        [INTERRUPTION_REMOVED] = "removed"};
    const struct resource *resource = outcome->resource;
    enum interruption how = interruption_of(resource, outcome->dry_run);
    uint32_t seconds = how == INTERRUPTION_PAUSED ? resource->found.forward_seconds : 0;
    json_t *milliseconds;

    if (how == INTERRUPTION_NONE) {
        return json_null();
    }
    milliseconds = json_null();
    if (resource->paused_microseconds) {
        milliseconds = json_real((double)resource->paused_microseconds / 1000);
    }
    return json_pack("{s:s, s:o, s:i, s:o}", "how", names[how], "milliseconds", milliseconds,
                     "spanning_tree_seconds", (int)seconds, "held_by", holders_json(resource));
}

json_t *report_json_outcome(const struct outcome *outcome) {
    static const char *const names[PLAN_ACTIONS] = {
        [PLAN_UNCHANGED] = "unchanged", [PLAN_UNMANAGED] = "unmanaged", [PLAN_CREATE] = "create",
        [PLAN_CHANGE] = "change",       [PLAN_RECREATE] = "remake",     [PLAN_REMOVE] = "remove",
        [PLAN_REAP] = "reap",           [PLAN_IN_PROGRESS] = "wait",    [PLAN_FAIL] = "failed"};
    const struct resource *resource = outcome->resource;
    const char *reason = outcome->reason[0] ? outcome->reason : NULL;
    const char *hint = resource->plan.hint[0] ? resource->plan.hint : NULL;
    json_t *line = resource->definition ? json_integer(outcome->line) : json_null();

    return json_pack("{s:s?, s:s, s:s?, s:o, s:s, s:o, s:o, s:s?, s:s?}", "label",
                     resource_label(resource), "dev", outcome->name, "file", resource->file, "line",
                     line, "action", names[outcome->action], "changes", changes_json(outcome),
                     "interrupts", interruption_json(outcome), "reason", reason, "hint", hint);
}

static bool print(json_t *object) {
    bool is_written = object && !json_dumpf(object, stdout, JSON_INDENT(2));

    if (is_written) {
        is_written = putchar('\n') != EOF;
    }
    json_decref(object);
    return is_written;
}

bool report_json_all(const size_t count[PLAN_ACTIONS],
                     json_t *interfaces,
                     json_t *faults,
                     bool dry_run) {
    json_int_t changed = (json_int_t)(count[PLAN_CHANGE] + count[PLAN_RECREATE]);
    json_int_t removed = (json_int_t)(count[PLAN_REMOVE] + count[PLAN_REAP]);

    if (!faults) {
        faults = json_array();
    }
    return print(json_pack("{s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "dry_run", dry_run,
                           "created", (json_int_t)count[PLAN_CREATE], "changed", changed,
                           "unchanged", (json_int_t)count[PLAN_UNCHANGED], "removed", removed,
                           "unmanaged", (json_int_t)count[PLAN_UNMANAGED], "failed",
                           (json_int_t)count[PLAN_FAIL], "interfaces", interfaces, "faults",
                           faults));
}

void report_json_error(const char *object, const char *reason, int status) {
    const char *kind = status == USAGE ? "usage" : "failed";

    /* the exit status is an error's already */
    (void)!print(json_pack("{s:s, s:i, s:s, s:s, s:n}", "error", kind, "code", status, "object",
                           object, "reason", reason, "hint"));
}
