// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who is cut off, and for how long: in words, and as JSON.
 */
#include "apply/report.h"

#include <pwd.h>

#define NAME 96 /* a user's name, printable */
#define PAUSE 96

static const char *user_name(uid_t uid, char text[NAME]) {
    const struct passwd *user = getpwuid(uid);

    if (user) {
        interface_printable(user->pw_name, text, NAME);
    } else {
        snprintf(text, NAME, "uid %u", uid);
    }
    return text;
}

/* By a change that failed, and could not be put back. */
static bool is_left_cut(const struct resource *resource) {
    return resource->left == LEFT_DOWN || resource->left == LEFT_PAUSED;
}

/* What was done, or in a dry run would be; one that has to be down may have been so before. */
static enum interruption cut_of(const struct resource *resource, bool dry_run) {
    enum interruption cut = resource->found.interruption;

    if (!resource->is_used) {
        return INTERRUPTION_NONE;
    }
    if (dry_run || cut == INTERRUPTION_DOWN) {
        return cut;
    }
    if (is_left_cut(resource)) {
        return INTERRUPTION_DOWN;
    }
    if (resource->paused_microseconds) {
        return INTERRUPTION_PAUSED;
    }
    return cut == INTERRUPTION_REMOVED && resource->is_done ? INTERRUPTION_REMOVED : INTERRUPTION_NONE;
}

const char *report_holders(const struct resource *resource, char *text, size_t size) {
    size_t shown = resource->holder_count < RESOURCE_HOLDERS ? resource->holder_count : RESOURCE_HOLDERS;
    char user[NAME];

    text[0] = 0;
    if (!shown) {
        snprintf(text, size, "a process that cannot be seen from here (the device is %s's)",
                 user_name(resource->found.link.tun[IFLA_TUN_OWNER], user));
    }
    for (size_t i = 0; i < shown; i++) {
        const struct holder *holder = &resource->holder[i];

        snprintf(text + strlen(text), size - strlen(text), "%s%s (pid %d) of %s", i ? ", " : "",
                 holder->program[0] ? holder->program : "a program", (int)holder->pid,
                 user_name(holder->uid, user));
    }
    if (resource->holder_count > shown) {
        snprintf(text + strlen(text), size - strlen(text), " and %zu more",
                 resource->holder_count - shown);
    }
    return text;
}

/* How long the pause lasts is seen only when it is over. */
static void describe_pause(const struct resource *resource, bool dry_run, char text[PAUSE]) {
    size_t length;

    if (dry_run) {
        snprintf(text, PAUSE, "some milliseconds");
    } else {
        snprintf(text, PAUSE, "%.1f ms", (double)resource->paused_microseconds / 1000);
    }
    length = strlen(text);
    if (resource->found.forward_seconds) {
        snprintf(text + length, PAUSE - length, " and %u s more by the bridge's spanning tree",
                 resource->found.forward_seconds);
    }
}

const char *report_cut(const struct resource *resource, bool dry_run, char *text, size_t size) {
    char holders[REPORT_HOLDERS], pause[PAUSE];

    text[0] = 0;
    report_holders(resource, holders, sizeof(holders));
    switch (cut_of(resource, dry_run)) {
    case INTERRUPTION_PAUSED:
        describe_pause(resource, dry_run, pause);
        snprintf(text, size, "cut off for %s: %s", pause, holders);
        break;
    case INTERRUPTION_DOWN:
        snprintf(text, size, "cut off%s: %s", is_left_cut(resource) ? "" : " until then", holders);
        break;
    case INTERRUPTION_REMOVED:
        snprintf(text, size, "cut off for good: %s", holders);
        break;
    case INTERRUPTION_NONE:
    default:
        break;
    }
    return text;
}

static json_t *holders_json(const struct resource *resource) {
    json_t *array = json_array();
    size_t shown = resource->holder_count < RESOURCE_HOLDERS ? resource->holder_count : RESOURCE_HOLDERS;
    char user[NAME];

    for (size_t i = 0; i < shown; i++) {
        const struct holder *holder = &resource->holder[i];

        json_array_append_new(array,
                              json_pack("{s:i, s:s?, s:I, s:s}", "pid", (int)holder->pid, "program",
                                        holder->program[0] ? holder->program : NULL, "uid",
                                        (json_int_t)holder->uid, "user", user_name(holder->uid, user)));
    }
    return array;
}

json_t *report_cut_json(const struct resource *resource, bool dry_run) {
    static const char *const names[] = {[INTERRUPTION_NONE] = "",
                                        [INTERRUPTION_PAUSED] = "paused",
                                        [INTERRUPTION_DOWN] = "down",
                                        [INTERRUPTION_REMOVED] = "removed"};
    enum interruption cut = cut_of(resource, dry_run);
    json_t *milliseconds = json_null();

    if (cut == INTERRUPTION_NONE) {
        return json_null();
    }
    if (resource->paused_microseconds) {
        milliseconds = json_real((double)resource->paused_microseconds / 1000);
    }
    return json_pack("{s:s, s:o, s:i, s:o}", "how", names[cut], "milliseconds", milliseconds,
                     "spanning_tree_seconds", cut == INTERRUPTION_PAUSED ? (int)resource->found.forward_seconds : 0,
                     "held_by", holders_json(resource));
}
