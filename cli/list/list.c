// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tapgrant list: who has what, by which rule or definition; with --tree by bridge.
 */
#include "cli/list/list.h"
#include "cli/command.h"
#include "cli/shared/options.h"

static const char usage[] =
    "Usage: tapgrant list [--tree] [--all] [--json]\n"
    "Lists the taps that tapgrant made in this network namespace: who has what, by which rule.\n";

static int find_devices(struct list *list) {
    struct tapgrant_error error;
    int code;

    if (list->all) {
        code = tapgrant_list_all(&list->devices, &list->count, &error);
    } else {
        code = tapgrant_list(&list->devices, &list->count, &error);
    }
    return code ? output_error(&error, list->json) : 0;
}

static int show_list(const struct list *list) {
    if (list->json) {
        return output_json(list_json(list));
    }
    list_print(list);
    return output_end();
}

static int list_devices(struct list *list) {
    int code = find_devices(list);

    if (code) {
        return code;
    }
    if (list->tree) {
        list_sort(list);
    }
    if (list->tree || list->all) {
        declared_read(&list->declared);
    }
    code = show_list(list);
    declared_free(&list->declared);
    tapgrant_list_free(list->devices, list->count);
    return code;
}

int list_main(int argc, char *argv[]) {
    struct list list = {.json = false};
    struct options options = {
        .usage = usage,
        .row = {{"tree", NULL, "by bridge, with what was changed since they were made",
                 .flag = &list.tree},
                {"all", NULL, "also the taps that tapgrant did not make", .flag = &list.all},
                {"json", NULL, "as JSON", .flag = &list.json}}};
    int code = output_options(&options, argc, argv, &list.json);

    if (code) {
        return code < 0 ? TAPGRANT_OK : code;
    }
    if (options.word_count) {
        return output_usage(list.json, "list takes options only, not '%s'", options.word[0]);
    }
    return list_devices(&list);
}
