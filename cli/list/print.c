// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/list/list.h"
#include "cli/shared/accounts.h"

#include <pwd.h>
#include <stdio.h>

#define NAME 64 /* bytes of a user's name */
#define ORIGIN 64
#define MARKED (NAME + ACCOUNTS_OWNER + 2)

/* The user's name, or the id if it has none. */
static const char *user_name(uid_t uid, char text[NAME]) {
    const struct passwd *user;

    if (uid == (uid_t)-1) {
        return "-";
    }
    user = getpwuid(uid);
    if (user) {
        snprintf(text, NAME, "%s", user->pw_name);
    } else {
        snprintf(text, NAME, "%u", uid);
    }
    return text;
}

/* As user_name(), and in parentheses the user whose subordinate id it is. */
static const char *marked_name(uid_t uid, char text[MARKED]) {
    char name[NAME];
    char owner[ACCOUNTS_OWNER];
    const char *whose = accounts_subordinate_of(uid, owner);

    if (whose) {
        snprintf(text, MARKED, "%s(%s)", user_name(uid, name), whose);
    } else {
        snprintf(text, MARKED, "%s", user_name(uid, name));
    }
    return text;
}

/* The rule that granted it, or the definition that declared it. */
static const char *origin(const struct tapgrant_device *device, char text[ORIGIN]) {
    if (tapgrant_rule(device)) {
        return tapgrant_rule(device);
    }
    if (!tapgrant_label(device)) {
        return "-";
    }
    snprintf(text, ORIGIN, "declared=%s", tapgrant_label(device));
    return text;
}

static const char *lasts(const struct tapgrant_device *device) {
    return tapgrant_persist(device) ? "persistent" : "transient";
}

static const char *link_state(const struct tapgrant_device *device) {
    return tapgrant_up(device) ? "up" : "down";
}

static void print_row(const struct tapgrant_device *device) {
    char name[MARKED];
    char rule[ORIGIN];
    char slot[16] = "-";
    char holder[16] = "-";
    const char *bridge = tapgrant_bridge(device);
    pid_t pid;

    if (tapgrant_slot(device) >= 0) {
        snprintf(slot, sizeof(slot), "%d", tapgrant_slot(device));
    }
    if (tapgrant_holders(device, &pid, 1)) {
        snprintf(holder, sizeof(holder), "%d", (int)pid);
    }
    printf("%-15s %-16s %-16s %4s %-15s %5u %-10s %-4s %s\n", tapgrant_name(device),
           marked_name(tapgrant_uid(device), name), origin(device, rule), slot,
           bridge ? bridge : "-", tapgrant_mtu(device), lasts(device), link_state(device), holder);
}

static void print_rows(const struct list *list) {
    if (list->count) {
        printf("%-15s %-16s %-16s %4s %-15s %5s %-10s %-4s %s\n", "DEV", "USER", "RULE", "SLOT",
               "BRIDGE", "MTU", "LASTS", "LINK", "HELD BY");
    }
    for (size_t i = 0; i < list->count; i++) {
        print_row(list->devices[i]);
    }
}

static void print_changes(const struct list *list, const struct tapgrant_device *device) {
    struct changes changes = changes_of(&list->declared, device);
    const char *separator = "  CHANGED: ";
    char name[NAME];

    if (changes.owner) {
        printf("%sowner is %s", separator, user_name(tapgrant_owner(device), name));
        /* the line names the user of a granted tap, but of a declared one its present owner */
        if (tapgrant_uid(device) != changes.wanted_owner) {
            printf(", not %s", user_name(changes.wanted_owner, name));
        }
        separator = ", ";
    }
    if (changes.group) {
        printf("%sgroup is %u", separator, tapgrant_group(device));
        separator = ", ";
    }
    if (changes.persist) {
        printf("%stransient", separator);
    }
}

static void print_leaf(const struct list *list, size_t n) {
    const struct tapgrant_device *device = list->devices[n];
    bool is_last = n + 1 == list->count || list_begins_bridge(list, n + 1);
    char name[MARKED];
    char text[ORIGIN];
    pid_t pid;

    printf("%s %s  %s", is_last ? "`-" : "|-", tapgrant_name(device),
           marked_name(tapgrant_uid(device), name));
    if (tapgrant_rule(device)) {
        printf("  rule=%s slot=%d", tapgrant_rule(device), tapgrant_slot(device));
    } else {
        printf("  %s", tapgrant_label(device) ? origin(device, text) : "not tapgrant's");
    }
    printf("  %s %s", lasts(device), link_state(device));
    if (tapgrant_holders(device, &pid, 1)) {
        printf("  held by %d", (int)pid);
    }
    print_changes(list, device);
    putchar('\n');
}

static void print_tree(const struct list *list) {
    for (size_t i = 0; i < list->count; i++) {
        const char *bridge = tapgrant_bridge(list->devices[i]);

        if (list_begins_bridge(list, i)) {
            puts(bridge ? bridge : "(no bridge)");
        }
        print_leaf(list, i);
    }
}

void list_print(const struct list *list) {
    if (list->tree) {
        print_tree(list);
    } else {
        print_rows(list);
    }
}
