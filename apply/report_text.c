// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The report as text, as the command writes: a line and a hint for each failure.
 */
#include "apply/report_text.h"
#include "apply/difference.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void report_text_fault(const char *where,
                       unsigned line,
                       const char *label,
                       const char *reason,
                       const char *hint) {
    fprintf(stderr, "tapgrant: %s", where);
    if (line) {
        fprintf(stderr, ":%u", line);
    }
    if (label) {
        fprintf(stderr, ": [interface %s]", label);
    }
    fprintf(stderr, ": %s\n", reason);
    if (*hint) {
        fprintf(stderr, "hint: %s\n", hint);
    }
}

void report_text_failure(const struct outcome *outcome) {
    const struct resource *resource = outcome->resource;
    char object[sizeof("interface ") + sizeof(outcome->name)];

    if (resource->definition) {
        report_text_fault(resource->file, outcome->line, resource_label(resource), outcome->reason,
                          resource->plan.hint);
        return;
    }
    snprintf(object, sizeof(object), "interface %s", outcome->name);
    report_text_fault(object, 0, NULL, outcome->reason, resource->plan.hint);
}

static void print_with_plus(char *text) {
    char *rest;

    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        printf("+%s\n", line);
    }
}

/* The definition as it would be written, each line with a +. */
static void print_created(const struct resource *resource) {
    struct definition definition = *resource->definition;
    const struct definitions one = {.definition = &definition, .count = 1};
    char *text = NULL;
    size_t size;
    FILE *memory = open_memstream(&text, &size);

    if (!memory) {
        return;
    }
    definitions_write(&one, memory);
    if (!fclose(memory)) {
        print_with_plus(text);
    }
    free(text);
}

/* A line that is no part of the diff. */
static void print_interruption(const struct outcome *outcome) {
    if (outcome->interruption[0]) {
        printf(" ; %s\n", outcome->interruption);
    }
}

static void print_differences(const struct outcome *outcome) {
    char from[DIFFERENCE_TEXT];
    char to[DIFFERENCE_TEXT];

    for (unsigned n = 0; n < DIFFERENCES; n++) {
        if (outcome->differences & (1u << n)) {
            printf("-%s = %s\n+%s = %s\n", difference_name(n),
                   difference_from(outcome->resource, n, from), difference_name(n),
                   difference_to(outcome->resource, n, to));
        }
    }
}

static void print_changed(const struct outcome *outcome) {
    const struct resource *resource = outcome->resource;

    printf(" [interface %s]\n dev = %s\n", resource_label(resource), outcome->name);
    if (resource->found.action == PLAN_RECREATE) {
        puts(" ; made anew");
    }
    print_interruption(outcome);
    print_differences(outcome);
}

void report_text_plan(const struct outcome *outcome) {
    const struct resource *resource = outcome->resource;

    switch (resource->found.action) {
    case PLAN_CREATE:
        print_created(resource);
        break;
    case PLAN_REMOVE:
        printf("-[interface %s]\n-dev = %s\n", resource_label(resource), outcome->name);
        print_interruption(outcome);
        break;
    case PLAN_REAP:
        printf("-; %s\n-dev = %s\n", resource->found.link.alias, outcome->name);
        break;
    case PLAN_UNMANAGED:
        printf(" [interface %s]\n dev = %s\n managed = no\n", resource_label(resource),
               outcome->name);
        break;
    case PLAN_CHANGE:
    case PLAN_RECREATE:
        print_changed(outcome);
        break;
    case PLAN_UNCHANGED:
    case PLAN_IN_PROGRESS:
    case PLAN_FAIL:
    case PLAN_ACTIONS:
    default:
        break;
    }
}

static void print_corrected(const struct outcome *outcome) {
    const char *between = ": ";
    char from[DIFFERENCE_TEXT];
    char to[DIFFERENCE_TEXT];

    printf("changed %s", outcome->name);
    for (unsigned n = 0; n < DIFFERENCES; n++) {
        if (!(outcome->differences & (1u << n))) {
            continue;
        }
        printf("%s%s %s -> %s", between, difference_name(n),
               difference_from(outcome->resource, n, from),
               difference_to(outcome->resource, n, to));
        between = ", ";
    }
}

/* Ends the line, with who was interrupted if the reason of the failure does not say so. */
static void end_line(const struct outcome *outcome) {
    if (!outcome->is_interruption_in_reason && outcome->interruption[0]) {
        printf("; %s", outcome->interruption);
    }
    putchar('\n');
}

void report_text_done(const struct outcome *outcome) {
    switch (outcome->partial) {
    case PLAN_UNMANAGED:
        printf("unmanaged %s\n", outcome->name);
        break;
    case PLAN_CREATE:
        printf("created %s\n", outcome->name);
        break;
    case PLAN_REMOVE:
    case PLAN_REAP:
        printf("removed %s", outcome->name);
        end_line(outcome);
        break;
    case PLAN_CHANGE:
        print_corrected(outcome);
        end_line(outcome);
        break;
    case PLAN_UNCHANGED:
    case PLAN_RECREATE:
    case PLAN_IN_PROGRESS:
    case PLAN_FAIL:
    case PLAN_ACTIONS:
    default:
        break;
    }
}

void report_text_summary(const size_t count[PLAN_ACTIONS], bool dry_run) {
    size_t changed = count[PLAN_CHANGE] + count[PLAN_RECREATE];
    size_t removed = count[PLAN_REMOVE] + count[PLAN_REAP];

    if (dry_run) {
        printf("to create %zu, to change %zu, unchanged %zu, to remove %zu", count[PLAN_CREATE],
               changed, count[PLAN_UNCHANGED], removed);
    } else {
        printf("created %zu, changed %zu, unchanged %zu, removed %zu", count[PLAN_CREATE], changed,
               count[PLAN_UNCHANGED], removed);
    }
    if (count[PLAN_UNMANAGED]) {
        printf(", unmanaged %zu", count[PLAN_UNMANAGED]);
    }
    if (count[PLAN_FAIL]) {
        printf(", failed %zu", count[PLAN_FAIL]);
    }
    putchar('\n');
}
