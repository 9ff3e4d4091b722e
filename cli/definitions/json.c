// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/definitions/read.h"

#include <stdio.h>

/*
 * Yes and no as true and false, numbers as numbers, no bridge as null.  Every other value is the
 * text that a file has.
 */
static json_t *value_json(const struct interface *interface, enum interface_key key) {
    char value[INTERFACE_PATH];

    if (key == INTERFACE_KEY_MANAGED) {
        return json_boolean(interface->managed);
    }
    if (key == INTERFACE_KEY_VNET_HDR) {
        return json_boolean(interface->vnet_hdr);
    }
    if (key == INTERFACE_KEY_PERSIST) {
        return json_boolean(interface->persist);
    }
    if (key == INTERFACE_KEY_MTU) {
        return json_integer(interface->mtu);
    }
    if (key == INTERFACE_KEY_QUEUES) {
        return json_integer(interface->queues);
    }
    if (key == INTERFACE_KEY_BRIDGE && !interface->bridge[0]) {
        return json_null();
    }
    return json_string(interface_value(interface, key, value));
}

/* In JSON, a key has '_' where a file has '-'. */
static void add_key(json_t *object, const struct interface *interface, enum interface_key key) {
    char name[32];

    snprintf(name, sizeof(name), "%s", interface_key_name(key));
    for (char *byte = name; *byte; byte++) {
        if (*byte == '-') {
            *byte = '_';
        }
    }
    json_object_set_new(object, name, value_json(interface, key));
}

json_t *definition_json(const struct definition *definition) {
    json_t *object = json_pack("{s:s}", "label", definition->interface.label);

    if (!object) {
        return NULL;
    }
    for (enum interface_key key = 0; key < INTERFACE_KEYS; key++) {
        if (definition->interface.given[key]) {
            add_key(object, &definition->interface, key);
        }
    }
    return object;
}
