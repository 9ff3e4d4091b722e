// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Whom a change interrupts, and for how long.  The names of programs are theirs to choose.
 */
#include "apply/interruption.h"
#include "wire/text.h"

#include <linux/if_link.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#define PAUSE_TEXT 96

const char *interruption_user(uid_t uid, char text[INTERRUPTION_USER]) {
    const struct passwd *user = getpwuid(uid);

    if (user) {
        return text_printable(user->pw_name, text, INTERRUPTION_USER);
    }
    snprintf(text, INTERRUPTION_USER, "uid %u", uid);
    return text;
}

bool interruption_lasts(const struct resource *resource) {
    return resource->left == LEFT_DOWN || resource->left == LEFT_PAUSED;
}

enum interruption interruption_of(const struct resource *resource, bool dry_run) {
    enum interruption planned = resource->found.interruption;

    if (!resource->is_used) {
        return INTERRUPTION_NONE;
    }
    /* a tap that has to be down may have been so before */
    if (dry_run || planned == INTERRUPTION_DOWN) {
        return planned;
    }
    if (interruption_lasts(resource)) {
        return INTERRUPTION_DOWN;
    }
    if (resource->paused_microseconds) {
        return INTERRUPTION_PAUSED;
    }
    if (planned == INTERRUPTION_REMOVED && resource->is_done) {
        return INTERRUPTION_REMOVED;
    }
    return INTERRUPTION_NONE;
}

size_t interruption_named_holders(const struct resource *resource) {
    if (resource->holder_count < RESOURCE_HOLDERS) {
        return resource->holder_count;
    }
    return RESOURCE_HOLDERS;
}

static void add_holder(const struct holder *holder, char text[INTERRUPTION_HOLDERS]) {
    const char *program = holder->program[0] ? holder->program : "a program";
    size_t length = strlen(text);
    char user[INTERRUPTION_USER];

    snprintf(text + length, INTERRUPTION_HOLDERS - length, "%s%s (pid %d) of %s",
             length ? ", " : "", program, (int)holder->pid, interruption_user(holder->uid, user));
}

const char *interruption_holders(const struct resource *resource, char text[INTERRUPTION_HOLDERS]) {
    size_t named = interruption_named_holders(resource);
    uid_t owner = resource->found.link.tun[IFLA_TUN_OWNER];
    char user[INTERRUPTION_USER];
    size_t length;

    text[0] = 0;
    if (!named) {
        snprintf(text, INTERRUPTION_HOLDERS,
                 "a process that cannot be seen from here (the device is %s's)",
                 interruption_user(owner, user));
    }
    for (size_t i = 0; i < named; i++) {
        add_holder(&resource->holder[i], text);
    }
    length = strlen(text);
    if (resource->holder_count > named) {
        snprintf(text + length, INTERRUPTION_HOLDERS - length, " and %zu more",
                 resource->holder_count - named);
    }
    return text;
}

/* How long the pause lasts is known only when it is over. */
static void describe_pause(const struct resource *resource, bool dry_run, char text[PAUSE_TEXT]) {
    size_t length;

    if (dry_run) {
        snprintf(text, PAUSE_TEXT, "some milliseconds");
    } else {
        snprintf(text, PAUSE_TEXT, "%.1f ms", (double)resource->paused_microseconds / 1000);
    }
    length = strlen(text);
    if (resource->found.forward_seconds) {
        snprintf(text + length, PAUSE_TEXT - length, " and %u s more by the bridge's spanning tree",
                 resource->found.forward_seconds);
    }
}

const char *interruption_text(const struct resource *resource,
                              bool dry_run,
                              char text[INTERRUPTION_TEXT]) {
    char holders[INTERRUPTION_HOLDERS];
    char pause[PAUSE_TEXT];

    text[0] = 0;
    interruption_holders(resource, holders);
    switch (interruption_of(resource, dry_run)) {
    case INTERRUPTION_PAUSED:
        describe_pause(resource, dry_run, pause);
        snprintf(text, INTERRUPTION_TEXT, "cut off for %s: %s", pause, holders);
        break;
    case INTERRUPTION_DOWN:
        snprintf(text, INTERRUPTION_TEXT, "cut off%s: %s",
                 interruption_lasts(resource) ? "" : " until then", holders);
        break;
    case INTERRUPTION_REMOVED:
        snprintf(text, INTERRUPTION_TEXT, "cut off for good: %s", holders);
        break;
    case INTERRUPTION_NONE:
    default:
        break;
    }
    return text;
}
