// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What came of one resource.
 */
#include "apply/outcome.h"
#include "wire/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What came of it.  In a dry run: what is planned. */
static enum plan_action action_of(const struct resource *resource, bool dry_run) {
    enum plan_action planned = resource->plan.action;

    if (dry_run || !resource->definition) {
        return planned;
    }
    if (planned == PLAN_FAIL || planned == PLAN_UNMANAGED) {
        return planned;
    }
    if (!resource->is_done) {
        return PLAN_UNCHANGED;
    }
    return resource->found.action == PLAN_CREATE ? PLAN_CREATE : PLAN_CHANGE;
}

/*
 * Of one that failed in the end: it was removed by force and not made again, or some of it was
 * changed.
 */
static enum plan_action partial_of(const struct resource *resource, enum plan_action action) {
    const struct plan *found = &resource->found;

    if (action != PLAN_FAIL || !resource->definition) {
        return action;
    }
    if (resource->left == LEFT_REMOVED) {
        return PLAN_REMOVE;
    }
    if (resource->corrected && (found->action == PLAN_CHANGE || found->must_be_down)) {
        return PLAN_CHANGE;
    }
    return action;
}

static unsigned differences_of(const struct resource *resource, bool dry_run) {
    const struct plan *found = &resource->found;

    if (dry_run || found->action == PLAN_RECREATE) {
        return found->differences;
    }
    return found->differences & resource->corrected;
}

static unsigned line_of(const struct resource *resource) {
    const struct definition *definition = resource->definition;
    enum interface_key key = resource->plan.key;

    if (!definition) {
        return 0;
    }
    if (key < INTERFACE_KEYS && definition->key_line[key]) {
        return definition->key_line[key];
    }
    return definition->line;
}

static const char *left_of(const struct resource *resource) {
    switch (resource->left) {
    case LEFT_PARTLY_CHANGED:
        return "; what it was before could not be put back";
    case LEFT_DOWN:
        if (resource->found.current_bridge[0]) {
            return "; it is down and off its bridge now";
        }
        return "; it is down now";
    case LEFT_PAUSED:
        return "; it takes and gives no frame now";
    case LEFT_OWNED_BY_ROOT:
        return "; it is root's now";
    case LEFT_REMOVED:
        return "; it was removed, and is not there now";
    case LEFT_AS_IT_WAS:
    default:
        return "";
    }
}

/* Was the holder interrupted, and nothing corrected by that?  Then the reason says so. */
static bool is_interrupted_in_vain(const struct resource *resource) {
    const unsigned with_pause = DIFFERS_BRIDGE | DIFFERS_MTU;

    if (!resource->plan.reason[0]) {
        return false;
    }
    if (resource->found.interruption == INTERRUPTION_DOWN || resource->left != LEFT_AS_IT_WAS) {
        return true;
    }
    return resource->paused_microseconds && !(resource->corrected & with_pause);
}

__attribute__((format(printf, 2, 3))) static void add_text(char reason[OUTCOME_REASON],
                                                           const char *format,
                                                           ...) {
    size_t length = strlen(reason);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(reason + length, OUTCOME_REASON - length, format, arguments);
    va_end(arguments);
}

/* Why not, what the tap is now if it is not what it was, and who was interrupted for it. */
static void collect_reason(struct outcome *outcome) {
    const struct resource *resource = outcome->resource;
    char holders[INTERRUPTION_HOLDERS];

    text_printable(resource->plan.reason, outcome->reason, OUTCOME_REASON);
    if (!outcome->reason[0]) {
        return;
    }
    add_text(outcome->reason, "%s", left_of(resource));
    if (resource->is_used && resource->plan.names_holders) {
        add_text(outcome->reason, ": %s has it open", interruption_holders(resource, holders));
    }
    if (outcome->is_interruption_in_reason && outcome->interruption[0]) {
        add_text(outcome->reason, "; %s", outcome->interruption);
    }
}

void outcome_collect(struct outcome *outcome, const struct resource *resource, bool dry_run) {
    *outcome = (struct outcome){.resource = resource, .dry_run = dry_run};
    outcome->action = action_of(resource, dry_run);
    outcome->partial = partial_of(resource, outcome->action);
    outcome->differences = differences_of(resource, dry_run);
    outcome->line = line_of(resource);
    text_printable(resource_name(resource), outcome->name, sizeof(outcome->name));
    interruption_text(resource, dry_run, outcome->interruption);
    outcome->is_interruption_in_reason = is_interrupted_in_vain(resource);
    collect_reason(outcome);
}
