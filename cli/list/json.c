// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/output/json.h"
#include "cli/list/list.h"
#include "cli/shared/accounts.h"

static json_t *changes_json(const struct changes *changes) {
    json_t *array = json_array();

    if (changes->owner) {
        json_array_append_new(array, json_string("owner"));
    }
    if (changes->group) {
        json_array_append_new(array, json_string("group"));
    }
    if (changes->persist) {
        json_array_append_new(array, json_string("persist"));
    }
    return array;
}

/* The object of output_device(), and the user whose subordinate id has the tap. */
static json_t *row_json(const struct tapgrant_device *device) {
    json_t *object = output_device(device);
    char owner[ACCOUNTS_OWNER];
    const char *whose = accounts_subordinate_of(tapgrant_uid(device), owner);

    json_object_set_new(object, "subordinate_of", whose ? json_string(whose) : json_null());
    return object;
}

/* The object of row_json(), and what only --tree and --all tell. */
static json_t *device_json(const struct list *list, const struct tapgrant_device *device) {
    json_t *object = row_json(device);
    struct changes changes = changes_of(&list->declared, device);
    const char *label = tapgrant_label(device);

    json_object_set_new(object, "label", label ? json_string(label) : json_null());
    json_object_set_new(object, "changed", changes_json(&changes));
    return object;
}

static json_t *rows_json(const struct list *list) {
    json_t *array = json_array();

    for (size_t i = 0; i < list->count; i++) {
        const struct tapgrant_device *device = list->devices[i];

        json_array_append_new(array, list->all ? device_json(list, device) : row_json(device));
    }
    return array;
}

static json_t *tree_json(const struct list *list) {
    json_t *array = json_array();
    json_t *taps = NULL;

    for (size_t i = 0; i < list->count; i++) {
        const struct tapgrant_device *device = list->devices[i];

        if (list_begins_bridge(list, i)) {
            taps = json_array();
            json_array_append_new(
                array, json_pack("{s:s?, s:o}", "bridge", tapgrant_bridge(device), "taps", taps));
        }
        json_array_append_new(taps, device_json(list, device));
    }
    return array;
}

json_t *list_json(const struct list *list) {
    return list->tree ? tree_json(list) : rows_json(list);
}
