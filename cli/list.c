// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tapgrant list: who has what, by which rule.
 */
#include "command.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>

static const char help[] = "Usage: tapgrant list [--json]\n"
                           "Lists the taps that tapgrant made in this network namespace: who has what, by which rule.\n";

static const char *user_name(uid_t uid, char text[16]) {
    const struct passwd *user = getpwuid(uid);

    snprintf(text, 16, "%u", uid);
    return user ? user->pw_name : text;
}

static void print_row(const struct tapgrant_device *device) {
    char uid[16], slot[16] = "-", holder[16] = "-";
    const char *rule = tapgrant_rule(device), *bridge = tapgrant_bridge(device);
    pid_t pid;

    if (tapgrant_slot(device) >= 0) snprintf(slot, sizeof(slot), "%d", tapgrant_slot(device));
    if (tapgrant_holders(device, &pid, 1)) snprintf(holder, sizeof(holder), "%d", (int)pid);
    printf("%-15s %-16s %-16s %4s %-15s %5u %-10s %-4s %s\n", tapgrant_name(device), user_name(tapgrant_uid(device), uid),
           rule ? rule : "-", slot, bridge ? bridge : "-", tapgrant_mtu(device),
           tapgrant_persist(device) ? "persistent" : "transient", tapgrant_up(device) ? "up" : "down", holder);
}

int list_main(int argc, char *argv[]) {
    struct tapgrant_device **devices;
    struct tapgrant_error error;
    json_t *array = NULL;
    bool json = false;
    size_t count;

    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--help")) return fputs(help, stdout), TAPGRANT_OK;
        if (strcmp(argv[i], "--json")) return output_usage(json, "unknown argument '%s'", argv[i]);
        json = true;
    }
    if (tapgrant_list(&devices, &count, &error)) return output_error(&error, json);
    if (json)
        array = json_array();
    else if (count)
        printf("%-15s %-16s %-16s %4s %-15s %5s %-10s %-4s %s\n", "DEV", "USER", "RULE", "SLOT", "BRIDGE", "MTU", "LASTS", "LINK",
               "HELD BY");
    for (size_t i = 0; i < count; i++) {
        if (json)
            json_array_append_new(array, output_device(devices[i]));
        else
            print_row(devices[i]);
    }
    tapgrant_list_free(devices, count);
    return json ? output_json(array) : output_end();
}
