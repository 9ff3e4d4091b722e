// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * How tapgrant-apply speaks: as the command does, a line and a hint for each fault, and what is done or planned on stdout.
 */
#include "apply/links/tap.h"
#include "apply/report.h"

#include <time.h>

#define LONG 0.5     /* seconds of work behind which there is progress to tell */
#define TEXT 160
#define REASON 2000 /* each byte of the plan's, printable, and what follows */

static unsigned faults;
static json_t *told; /* the faults, for JSON */

int report_error(const char *object, const char *reason, int status, bool json) {
    json_t *error = json ? json_pack("{s:s, s:i, s:s, s:s, s:n}", "error", status == 2 ? "usage" : "failed", "code", status,
                                     "object", object, "reason", reason, "hint") : NULL;

    fprintf(stderr, "tapgrant: %s: %s\n", object, reason);
    if (error) json_dumpf(error, stdout, JSON_INDENT(2)), putchar('\n');
    json_decref(error);
    return status;
}

static void say(const char *where, unsigned line, const char *label, const char *reason, const char *hint) {
    fprintf(stderr, "tapgrant: %s", where);
    if (line) fprintf(stderr, ":%u", line);
    if (label) fprintf(stderr, ": [interface %s]", label);
    fprintf(stderr, ": %s\n", reason);
    if (*hint) fprintf(stderr, "hint: %s\n", hint);
}

void report_fault(const char *file, unsigned line, const char *reason, const char *hint) {
    faults++;
    say(file, line, NULL, reason, hint);
    if (!told) told = json_array();
    json_array_append_new(told, json_pack("{s:s, s:o, s:s, s:s?}", "file", file, "line", line ? json_integer(line) : json_null(),
                                          "reason", reason, "hint", *hint ? hint : NULL));
}

void report_progress(size_t count, size_t of) {
    static struct timespec begin, last;
    static bool shown, asked, terminal;
    struct timespec now;

    if (!asked) asked = true, terminal = isatty(2);
    if (!terminal || clock_gettime(CLOCK_MONOTONIC, &now)) return;
    if (!begin.tv_sec) begin = now;
    if (shown && count >= of) fprintf(stderr, "\r%30s\r", "");
    if ((double)(now.tv_sec - begin.tv_sec) + 1e-9 * (double)(now.tv_nsec - begin.tv_nsec) < LONG || count >= of) return;
    if (shown && now.tv_sec == last.tv_sec && now.tv_nsec - last.tv_nsec < 100000000) return;
    fprintf(stderr, "\r%zu of %zu", count, of);
    shown = true;
    last = now;
}

static const char *difference_name(unsigned difference) {
    static const char *const names[] = {"label", "group",      "persist", "up",
                                        "port",  "link-group", "ipv6",    "link-type"};

    return difference < INTERFACE_KEYS ? interface_key_name((enum interface_key)difference) : names[difference - DIFFERENCE_LABEL];
}

/* A name may have any bytes, and neither JSON nor a terminal takes all.  It lasts until the next call. */
static const char *dev_of(const struct resource *resource) {
    static char text[WIRE_NAME * 4 + 1];

    return interface_printable(resource_name(resource), text, sizeof(text));
}

static const char *yes(bool is) { return is ? "yes" : "no"; }

static const char *mac_or_none(const uint8_t mac[6], char text[TEXT]) {
    return wire_mac_absent(mac) ? "none" : wire_mac_text(mac, text);
}

static const char *decimal(uint32_t number, char text[TEXT]) {
    snprintf(text, TEXT, "%u", number);
    return number == UINT32_MAX ? "none" : text;
}

/* What it is now. */
static const char *text_from(const struct resource *resource, unsigned difference, char text[TEXT]) {
    const struct plan *plan = &resource->found;

    switch (difference) {
    case INTERFACE_KEY_OWNER: return decimal(plan->link.tun[IFLA_TUN_OWNER], text);
    case INTERFACE_KEY_HOST_MAC: return wire_mac_text(plan->link.mac, text);
    case INTERFACE_KEY_GUEST_MAC: return mac_or_none(plan->locked_address, text);
    case INTERFACE_KEY_MTU: return decimal(plan->link.mtu, text);
    case INTERFACE_KEY_BRIDGE: return plan->current_bridge[0] ? interface_printable(plan->current_bridge, text, TEXT) : "none";
    case INTERFACE_KEY_ISOLATE: return yes(!resource->definition->interface.isolate);
    case INTERFACE_KEY_LOCK_MAC: return yes(!resource->definition->interface.lock_mac);
    case INTERFACE_KEY_QUEUES: return resource->definition->interface.queues > 1 ? "1" : "several";
    case DIFFERENCE_LABEL: return tap_label(&plan->link) ? tap_label(&plan->link) : "none";
    case DIFFERENCE_GROUP: return decimal(plan->link.tun[IFLA_TUN_GROUP], text);
    case DIFFERENCE_LINK_GROUP: return decimal(plan->link.group, text);
    case DIFFERENCE_PORT: return "changed";
    case DIFFERENCE_UP: return yes(plan->must_be_down);
    case DIFFERENCE_IPV6: return "on";
    case DIFFERENCE_LINK_TYPE: return decimal(plan->link.type, text);
    default: return "no";
    }
}

/* What it is to be. */
static const char *text_to(const struct resource *resource, unsigned difference, char text[TEXT]) {
    const struct interface *interface = &resource->definition->interface;

    switch (difference) {
    case INTERFACE_KEY_OWNER: return interface->owner;
    case INTERFACE_KEY_HOST_MAC:
        return wire_mac_absent(resource->found.host_mac) ? "generated" : wire_mac_text(resource->found.host_mac, text);
    case INTERFACE_KEY_GUEST_MAC: return interface->lock_mac ? wire_mac_text(interface->guest_mac, text) : "none";
    case INTERFACE_KEY_MTU: return decimal(resource->found.mtu, text);
    case INTERFACE_KEY_BRIDGE: return interface->bridge[0] ? interface->bridge : "none";
    case INTERFACE_KEY_ISOLATE: return yes(interface->isolate);
    case INTERFACE_KEY_LOCK_MAC: return yes(interface->lock_mac);
    case INTERFACE_KEY_QUEUES: return decimal(interface->queues, text);
    case DIFFERENCE_LABEL: return interface->label;
    case DIFFERENCE_GROUP: return "none";
    case DIFFERENCE_LINK_GROUP: return "0";
    case DIFFERENCE_PORT: return "as made";
    case DIFFERENCE_UP: return yes(!resource->found.must_be_down);
    case DIFFERENCE_IPV6: return "off";
    case DIFFERENCE_LINK_TYPE: return decimal(ARPHRD_ETHER, text);
    default: return "yes";
    }
}

/* The definition as it would be written, each line with a +. */
static void print_created(const struct resource *resource) {
    struct definition definition = *resource->definition;
    const struct definitions one = {.definition = &definition, .count = 1};
    char *text = NULL;
    size_t size;
    FILE *memory = open_memstream(&text, &size);

    if (!memory) return;
    definitions_write(&one, memory);
    if (!fclose(memory))
        for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) printf("+%s\n", line);
    free(text);
}

/* What is told of a plan as a line that is no part of the diff. */
static void print_cut(const struct resource *resource) {
    char text[REPORT_HOLDERS + TEXT];

    report_cut(resource, true, text, sizeof(text));
    if (text[0]) {
        printf(" ; %s\n", text);
    }
}

static void print_plan(const struct resource *resource) {
    enum plan_action action = resource->found.action;
    const char *label = resource->definition ? resource->definition->interface.label : tap_label(&resource->found.link);
    char from[TEXT], to[TEXT];

    if (action == PLAN_CREATE) print_created(resource);
    if (action == PLAN_REMOVE) {
        printf("-[interface %s]\n-dev = %s\n", label, dev_of(resource));
        print_cut(resource);
    }
    if (action == PLAN_REAP) printf("-; %s\n-dev = %s\n", resource->found.link.alias, dev_of(resource));
    if (action == PLAN_UNMANAGED) printf(" [interface %s]\n dev = %s\n managed = no\n", label, dev_of(resource));
    if (action != PLAN_CHANGE && action != PLAN_RECREATE) return;
    printf(" [interface %s]\n dev = %s\n", label, dev_of(resource));
    if (action == PLAN_RECREATE) puts(" ; made anew");
    print_cut(resource);
    for (unsigned n = 0; n < DIFFERENCES; n++)
        if (resource->found.differences & (1u << n))
            printf("-%s = %s\n+%s = %s\n", difference_name(n), text_from(resource, n, from), difference_name(n),
                   text_to(resource, n, to));
}

/* What came of it: the plan in a dry run. */
static enum plan_action outcome(const struct resource *resource, bool dry_run) {
    if (dry_run || !resource->definition || resource->plan.action == PLAN_FAIL || resource->plan.action == PLAN_UNMANAGED)
        return resource->plan.action;
    return !resource->is_done ? PLAN_UNCHANGED : resource->found.action == PLAN_CREATE ? PLAN_CREATE : PLAN_CHANGE;
}

/* What was carried out of one that failed in the end: removed by force and not made again; or changed, but for the rest. */
static enum plan_action beside_failure(const struct resource *resource, enum plan_action action) {
    if (action != PLAN_FAIL || !resource->definition) return action;
    if (resource->left == LEFT_REMOVED) return PLAN_REMOVE;
    if (resource->corrected && (resource->found.action == PLAN_CHANGE || resource->found.must_be_down)) {
        return PLAN_CHANGE;
    }
    return action;
}

/* What was found to differ and is told of: in the end only what was corrected. */
static unsigned told_differences(const struct resource *resource, bool dry_run) {
    if (dry_run || resource->found.action == PLAN_RECREATE) {
        return resource->found.differences;
    }
    return resource->found.differences & resource->corrected;
}

/* It is told with the reason then, else with what was done. */
static bool is_cut_for_nothing(const struct resource *resource) {
    const unsigned paused = DIFFERS_BRIDGE | DIFFERS_MTU;

    if (!resource->plan.reason[0]) {
        return false;
    }
    if (resource->found.interruption == INTERRUPTION_DOWN || resource->left != LEFT_AS_IT_WAS) {
        return true;
    }
    return resource->paused_microseconds && !(resource->corrected & paused);
}

static void print_done(const struct resource *resource, enum plan_action action) {
    const char *between = ": ";
    char from[TEXT], to[TEXT], cut[REPORT_HOLDERS + TEXT];

    cut[0] = 0;
    if (!is_cut_for_nothing(resource)) {
        report_cut(resource, false, cut, sizeof(cut));
    }
    if (action == PLAN_UNMANAGED) printf("unmanaged %s\n", dev_of(resource));
    if (action == PLAN_CREATE) printf("created %s\n", dev_of(resource));
    if (action == PLAN_REMOVE || action == PLAN_REAP) {
        printf("removed %s%s%s\n", dev_of(resource), cut[0] ? "; " : "", cut);
    }
    if (action != PLAN_CHANGE) return;
    printf("changed %s", dev_of(resource));
    for (unsigned n = 0; n < DIFFERENCES; n++) {
        if (!(told_differences(resource, false) & (1u << n))) continue;
        printf("%s%s %s -> %s", between, difference_name(n), text_from(resource, n, from), text_to(resource, n, to));
        between = ", ";
    }
    printf("%s%s\n", cut[0] ? "; " : "", cut);
}

static unsigned line_of(const struct resource *resource) {
    const struct definition *definition = resource->definition;
    unsigned line = definition && resource->plan.key < INTERFACE_KEYS ? definition->key_line[resource->plan.key] : 0;

    return line ? line : definition ? definition->line : 0;
}

static const char *left_of(const struct resource *resource) {
    switch (resource->left) {
    case LEFT_PARTLY_CHANGED:
        return "; what it was before could not be put back";
    case LEFT_DOWN:
        return resource->found.current_bridge[0] ? "; it is down and off its bridge now" : "; it is down now";
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

/* Why not, what the device is now where that is not what it was, and who was cut off for it. */
static const char *reason_of(const struct resource *resource, bool dry_run, char text[REASON]) {
    char who[REPORT_HOLDERS + TEXT];

    interface_printable(resource->plan.reason, text, REASON);
    if (!text[0]) {
        return NULL;
    }
    snprintf(text + strlen(text), REASON - strlen(text), "%s", left_of(resource));
    if (resource->is_used && resource->plan.names_holders) {
        snprintf(text + strlen(text), REASON - strlen(text), ": %s has it open",
                 report_holders(resource, who, sizeof(who)));
    }
    who[0] = 0;
    if (is_cut_for_nothing(resource)) {
        report_cut(resource, dry_run, who, sizeof(who));
    }
    if (who[0]) {
        snprintf(text + strlen(text), REASON - strlen(text), "; %s", who);
    }
    return text;
}

static void print_failure(const struct resource *resource, bool dry_run) {
    char object[WIRE_NAME * 4 + 16], reason[REASON];

    snprintf(object, sizeof(object), "interface %s", dev_of(resource));
    say(resource->definition ? resource->file : object, line_of(resource), resource->definition ? resource->definition->interface.label : NULL,
        reason_of(resource, dry_run, reason), resource->plan.hint);
}

static json_t *resource_json(const struct resource *resource, enum plan_action action, bool dry_run) {
    static const char *const names[] = {"unchanged", "unmanaged", "create", "change", "remake", "remove", "reap", "wait",
                                        "failed"};
    const char *label = resource->definition ? resource->definition->interface.label : tap_label(&resource->found.link);
    char from[TEXT], to[TEXT], reason[REASON];
    json_t *changes = json_array();

    for (unsigned n = 0; resource->definition && n < DIFFERENCES; n++)
        if (told_differences(resource, dry_run) & (1u << n))
            json_array_append_new(changes, json_pack("{s:s, s:s, s:s}", "key", difference_name(n), "from",
                                                     text_from(resource, n, from), "to", text_to(resource, n, to)));
    return json_pack("{s:s?, s:s, s:s?, s:o, s:s, s:o, s:o, s:s?, s:s?}", "label", label, "dev", dev_of(resource), "file", resource->file,
                     "line", resource->definition ? json_integer(line_of(resource)) : json_null(), "action", names[action], "changes",
                     changes, "interrupts", report_cut_json(resource, dry_run), "reason",
                     reason_of(resource, dry_run, reason), "hint",
                     resource->plan.hint[0] ? resource->plan.hint : NULL);
}

static void print_summary(const size_t count[PLAN_FAIL + 1], bool dry_run) {
    printf(dry_run ? "to create %zu, to change %zu, unchanged %zu, to remove %zu" :
                     "created %zu, changed %zu, unchanged %zu, removed %zu",
           count[PLAN_CREATE], count[PLAN_CHANGE] + count[PLAN_RECREATE], count[PLAN_UNCHANGED],
           count[PLAN_REMOVE] + count[PLAN_REAP]);
    if (count[PLAN_UNMANAGED]) printf(", unmanaged %zu", count[PLAN_UNMANAGED]);
    if (count[PLAN_FAIL]) printf(", failed %zu", count[PLAN_FAIL]);
    putchar('\n');
}

static json_t *summary_json(const size_t count[PLAN_FAIL + 1], json_t *interfaces, bool dry_run) {
    if (!told) told = json_array();
    return json_pack("{s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:O}", "dry_run", dry_run,
                     "created", (json_int_t)count[PLAN_CREATE],
                     "changed", (json_int_t)(count[PLAN_CHANGE] + count[PLAN_RECREATE]),
                     "unchanged", (json_int_t)count[PLAN_UNCHANGED],
                     "removed", (json_int_t)(count[PLAN_REMOVE] + count[PLAN_REAP]),
                     "unmanaged", (json_int_t)count[PLAN_UNMANAGED], "failed", (json_int_t)count[PLAN_FAIL],
                     "interfaces", interfaces, "faults", told);
}

int report_resources(const struct resources *resources, const struct options *options) {
    json_t *interfaces = options->json ? json_array() : NULL, *summary = NULL;
    size_t count[PLAN_FAIL + 1] = {[PLAN_FAIL] = faults};
    bool failed = false;

    for (size_t i = 0; i < resources->count; i++) {
        const struct resource *resource = &resources->resource[i];
        enum plan_action action = outcome(resource, options->dry_run), also = beside_failure(resource, action);

        count[action]++;
        count[also] += also != action;
        if (resource->plan.reason[0]) print_failure(resource, options->dry_run);
        count[PLAN_FAIL] += resource->plan.reason[0] && action != PLAN_FAIL; /* a part of it cannot be changed */
        if (options->json)
            json_array_append_new(interfaces, resource_json(resource, action, options->dry_run));
        else if (options->dry_run)
            print_plan(resource);
        else
            print_done(resource, also);
    }
    if (options->json) {
        summary = summary_json(count, interfaces, options->dry_run);
        failed = !summary || json_dumpf(summary, stdout, JSON_INDENT(2)) || putchar('\n') == EOF;
        json_decref(summary);
    } else {
        print_summary(count, options->dry_run);
    }
    failed |= fflush(stdout) || ferror(stdout);
    if (failed) fputs("tapgrant: standard output: cannot be written\n", stderr);
    return failed || count[PLAN_FAIL];
}
