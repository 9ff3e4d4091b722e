// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tapgrant list: who has what, by which rule or definition; with --tree by bridge.
 */
#include "cli/command.h"
#include "cli/list/changes.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] = "Usage: tapgrant list [--tree] [--all] [--json]\n"
                           "Lists the taps that tapgrant made in this network namespace: who has what, by which rule.\n"
                           "  --tree  by bridge, with what was changed since they were made\n"
                           "  --all   also the taps that tapgrant did not make\n";

#define NAME 64  /* bytes of a user's name */
#define ORIGIN 64

struct options {
    bool tree, all, json;
};

/* The user's name, or his id; lasts until the next call. */
static const char *user_name(uid_t uid, char text[NAME]) {
    const struct passwd *user = uid != (uid_t)-1 ? getpwuid(uid) : NULL;

    snprintf(text, NAME, "%u", uid);
    return user ? user->pw_name : uid == (uid_t)-1 ? "-" : text;
}

/* The rule that granted it, or the definition that declared it. */
static const char *origin(const struct tapgrant_device *device, char text[ORIGIN]) {
    if (tapgrant_rule(device)) return tapgrant_rule(device);
    if (!tapgrant_label(device)) return "-";
    snprintf(text, ORIGIN, "declared=%s", tapgrant_label(device));
    return text;
}

/* Whose it is to be.  The tag of a declared one does not say: where its definition cannot be read, his who has it. */
static uid_t meant_owner(const struct tapgrant_device *device) {
    uid_t uid = tapgrant_uid(device);

    if (tapgrant_label(device)) (void)!declared_owner(tapgrant_label(device), tapgrant_name(device), &uid);
    return uid;
}

/*
 * What a holder changed of a device since tapgrant made it, the Nth; NULL: no more.  One that is root's and transient is
 * being made.  Whether a granted one was to stay its tag does not say.
 */
static const char *changed(const struct tapgrant_device *device, unsigned n) {
    bool granted = tapgrant_rule(device), declared = tapgrant_label(device);
    bool making = !tapgrant_owner(device) && !tapgrant_persist(device);
    const char *found[4] = {0};
    unsigned count = 0;

    if (making || (!granted && !declared)) return NULL;
    if (tapgrant_owner(device) == (uid_t)-1 || tapgrant_owner(device) != meant_owner(device)) found[count++] = "owner";
    if (tapgrant_group(device) != (gid_t)-1) found[count++] = "group";
    if (declared && !tapgrant_persist(device)) found[count++] = "persist";
    return n < count ? found[n] : NULL;
}

static void print_changes(const struct tapgrant_device *device) {
    const char *what;
    char name[NAME];

    for (unsigned n = 0; (what = changed(device, n)); n++) {
        printf("%s", n ? ", " : "  CHANGED: ");
        if (!strcmp(what, "owner")) printf("owner is %s", user_name(tapgrant_owner(device), name));
        if (!strcmp(what, "owner") && tapgrant_uid(device) != meant_owner(device))
            printf(", not %s", user_name(meant_owner(device), name));
        if (!strcmp(what, "group")) printf("group is %u", tapgrant_group(device));
        if (!strcmp(what, "persist")) printf("transient");
    }
}

static void print_row(const struct tapgrant_device *device) {
    char name[NAME], rule[ORIGIN], slot[16] = "-", holder[16] = "-";
    const char *bridge = tapgrant_bridge(device);
    pid_t pid;

    if (tapgrant_slot(device) >= 0) snprintf(slot, sizeof(slot), "%d", tapgrant_slot(device));
    if (tapgrant_holders(device, &pid, 1)) snprintf(holder, sizeof(holder), "%d", (int)pid);
    printf("%-15s %-16s %-16s %4s %-15s %5u %-10s %-4s %s\n", tapgrant_name(device), user_name(tapgrant_uid(device), name),
           origin(device, rule), slot, bridge ? bridge : "-", tapgrant_mtu(device),
           tapgrant_persist(device) ? "persistent" : "transient", tapgrant_up(device) ? "up" : "down", holder);
}

static void print_leaf(const struct tapgrant_device *device, bool last) {
    char name[NAME], from[ORIGIN];
    pid_t pid;

    printf("%s %s  %s", last ? "`-" : "|-", tapgrant_name(device), user_name(tapgrant_uid(device), name));
    if (tapgrant_rule(device))
        printf("  rule=%s slot=%d", tapgrant_rule(device), tapgrant_slot(device));
    else
        printf("  %s", tapgrant_label(device) ? origin(device, from) : "not tapgrant's");
    printf("  %s %s", tapgrant_persist(device) ? "persistent" : "transient", tapgrant_up(device) ? "up" : "down");
    if (tapgrant_holders(device, &pid, 1)) printf("  held by %d", (int)pid);
    print_changes(device);
    putchar('\n');
}

/* By bridge, those on none last; then by index. */
static int by_bridge(const void *a, const void *b) {
    const struct tapgrant_device *const *left = a, *const *right = b;
    const char *one = tapgrant_bridge(*left), *other = tapgrant_bridge(*right);
    int order = one && other ? strcmp(one, other) : !one - !other;
    unsigned first = tapgrant_ifindex(*left), second = tapgrant_ifindex(*right);

    return order ? order : (first > second) - (first < second);
}

static bool same_bridge(const struct tapgrant_device *a, const struct tapgrant_device *b) {
    const char *one = tapgrant_bridge(a), *other = tapgrant_bridge(b);

    return one && other ? !strcmp(one, other) : one == other;
}

/* The object of output_device(), with what only this verb tells. */
static json_t *device_json(const struct tapgrant_device *device) {
    json_t *object = output_device(device), *changes = json_array();
    const char *what;

    for (unsigned n = 0; (what = changed(device, n)); n++) json_array_append_new(changes, json_string(what));
    json_object_set_new(object, "label", tapgrant_label(device) ? json_string(tapgrant_label(device)) : json_null());
    json_object_set_new(object, "changed", changes);
    return object;
}

static json_t *list_json(struct tapgrant_device *const devices[], size_t count, const struct options *options) {
    json_t *array = json_array(), *taps = NULL;

    for (size_t i = 0; i < count; i++) {
        const char *bridge = tapgrant_bridge(devices[i]);

        if (!options->tree) {
            json_array_append_new(array, options->all ? device_json(devices[i]) : output_device(devices[i]));
            continue;
        }
        if (!i || !same_bridge(devices[i - 1], devices[i])) {
            taps = json_array();
            json_array_append_new(array, json_pack("{s:s?, s:o}", "bridge", bridge, "taps", taps));
        }
        json_array_append_new(taps, device_json(devices[i]));
    }
    return array;
}

static void print_tree(struct tapgrant_device *const devices[], size_t count) {
    for (size_t i = 0; i < count; i++) {
        const char *bridge = tapgrant_bridge(devices[i]);

        if (!i || !same_bridge(devices[i - 1], devices[i])) puts(bridge ? bridge : "(no bridge)");
        print_leaf(devices[i], i + 1 == count || !same_bridge(devices[i], devices[i + 1]));
    }
}

static int list(const struct options *options) {
    struct tapgrant_device **devices;
    struct tapgrant_error error;
    json_t *array = NULL;
    size_t count;

    if (options->all ? tapgrant_list_all(&devices, &count, &error) : tapgrant_list(&devices, &count, &error))
        return output_error(&error, options->json);
    if (options->tree && count) qsort(devices, count, sizeof(*devices), by_bridge);
    if (options->json)
        array = list_json(devices, count, options);
    else if (options->tree)
        print_tree(devices, count);
    else if (count)
        printf("%-15s %-16s %-16s %4s %-15s %5s %-10s %-4s %s\n", "DEV", "USER", "RULE", "SLOT", "BRIDGE", "MTU", "LASTS", "LINK",
               "HELD BY");
    for (size_t i = 0; !options->json && !options->tree && i < count; i++) print_row(devices[i]);
    tapgrant_list_free(devices, count);
    return options->json ? output_json(array) : output_end();
}

int list_main(int argc, char *argv[]) {
    struct options options = {0};

    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--help")) return fputs(help, stdout), TAPGRANT_OK;
        if (strcmp(argv[i], "--json") && strcmp(argv[i], "--tree") && strcmp(argv[i], "--all"))
            return output_usage(options.json, "unknown argument '%s'", argv[i]);
        options.json |= !strcmp(argv[i], "--json");
        options.tree |= !strcmp(argv[i], "--tree");
        options.all |= !strcmp(argv[i], "--all");
    }
    return list(&options);
}
