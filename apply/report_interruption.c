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
static bool is_left_cut(const struct item *item) {
    return item->left == LEFT_DOWN || item->left == LEFT_PAUSED;
}

/* What was done, or in a dry run would be; one that has to be down may have been so before. */
static enum plan_cut cut_of(const struct item *item, bool dry_run) {
    enum plan_cut cut = item->first.cut;

    if (!item->is_used) {
        return CUT_NOTHING;
    }
    if (dry_run || cut == CUT_DOWN) {
        return cut;
    }
    if (is_left_cut(item)) {
        return CUT_DOWN;
    }
    if (item->cut_microseconds) {
        return CUT_PAUSED;
    }
    return cut == CUT_REMOVED && item->done ? CUT_REMOVED : CUT_NOTHING;
}

const char *report_holders(const struct item *item, char *text, size_t size) {
    size_t shown = item->holder_count < ITEM_HOLDERS ? item->holder_count : ITEM_HOLDERS;
    char user[NAME];

    text[0] = 0;
    if (!shown) {
        snprintf(text, size, "a process that cannot be seen from here (the device is %s's)",
                 user_name(item->first.now.tun[IFLA_TUN_OWNER], user));
    }
    for (size_t i = 0; i < shown; i++) {
        const struct holder *holder = &item->holder[i];

        snprintf(text + strlen(text), size - strlen(text), "%s%s (pid %d) of %s", i ? ", " : "",
                 holder->program[0] ? holder->program : "a program", (int)holder->pid,
                 user_name(holder->uid, user));
    }
    if (item->holder_count > shown) {
        snprintf(text + strlen(text), size - strlen(text), " and %zu more",
                 item->holder_count - shown);
    }
    return text;
}

/* How long the pause lasts is seen only when it is over. */
static void describe_pause(const struct item *item, bool dry_run, char text[PAUSE]) {
    size_t length;

    if (dry_run) {
        snprintf(text, PAUSE, "some milliseconds");
    } else {
        snprintf(text, PAUSE, "%.1f ms", (double)item->cut_microseconds / 1000);
    }
    length = strlen(text);
    if (item->first.listens) {
        snprintf(text + length, PAUSE - length, " and %u s more by the bridge's spanning tree",
                 item->first.listens);
    }
}

const char *report_cut(const struct item *item, bool dry_run, char *text, size_t size) {
    char holders[REPORT_HOLDERS], pause[PAUSE];

    text[0] = 0;
    report_holders(item, holders, sizeof(holders));
    switch (cut_of(item, dry_run)) {
    case CUT_PAUSED:
        describe_pause(item, dry_run, pause);
        snprintf(text, size, "cut off for %s: %s", pause, holders);
        break;
    case CUT_DOWN:
        snprintf(text, size, "cut off%s: %s", is_left_cut(item) ? "" : " until then", holders);
        break;
    case CUT_REMOVED:
        snprintf(text, size, "cut off for good: %s", holders);
        break;
    case CUT_NOTHING:
    default:
        break;
    }
    return text;
}

static json_t *holders_json(const struct item *item) {
    json_t *array = json_array();
    size_t shown = item->holder_count < ITEM_HOLDERS ? item->holder_count : ITEM_HOLDERS;
    char user[NAME];

    for (size_t i = 0; i < shown; i++) {
        const struct holder *holder = &item->holder[i];

        json_array_append_new(array,
                              json_pack("{s:i, s:s?, s:I, s:s}", "pid", (int)holder->pid, "program",
                                        holder->program[0] ? holder->program : NULL, "uid",
                                        (json_int_t)holder->uid, "user", user_name(holder->uid, user)));
    }
    return array;
}

json_t *report_cut_json(const struct item *item, bool dry_run) {
    static const char *const names[] = {[CUT_NOTHING] = "",
                                        [CUT_PAUSED] = "paused",
                                        [CUT_DOWN] = "down",
                                        [CUT_REMOVED] = "removed"};
    enum plan_cut cut = cut_of(item, dry_run);
    json_t *milliseconds = json_null();

    if (cut == CUT_NOTHING) {
        return json_null();
    }
    if (item->cut_microseconds) {
        milliseconds = json_real((double)item->cut_microseconds / 1000);
    }
    return json_pack("{s:s, s:o, s:i, s:o}", "how", names[cut], "milliseconds", milliseconds,
                     "spanning_tree_seconds", cut == CUT_PAUSED ? (int)item->first.listens : 0,
                     "held_by", holders_json(item));
}
