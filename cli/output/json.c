// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/output/json.h"
#include "cli/output/output.h"
#include "wire/wire.h"

#include <pwd.h>
#include <stdio.h>

#define HOLDERS 64

static const char *code_name(int code) {
    static const char *const names[] = {"ok",     "failed", "usage", "denied",
                                        "device", "quota",  "busy"};
    const int count = (int)(sizeof(names) / sizeof(names[0]));

    return code >= 0 && code < count ? names[code] : "failed";
}

int output_json(json_t *value) {
    bool is_printed = value && !json_dumpf(value, stdout, JSON_INDENT(2)) && putchar('\n') != EOF;
    int code = output_end();

    json_decref(value);
    return is_printed ? code : TAPGRANT_FAILED;
}

static json_t *error_json(const struct tapgrant_error *error) {
    const char *hint = error->hint[0] ? error->hint : NULL;
    const char *word = error->reason_code[0] ? error->reason_code : code_name(error->code);

    return json_pack("{s:s, s:i, s:s, s:s, s:s, s:s?}", "error", code_name(error->code), "code",
                     error->code, "reason_code", word, "object", error->object, "reason",
                     error->reason, "hint", hint);
}

int output_error(const struct tapgrant_error *error, bool json) {
    output_text(error);
    if (json) {
        output_json(error_json(error));
    }
    return error->code;
}

int output_fault(const struct interface_fault *fault, bool json) {
    struct tapgrant_error error = output_error_of(fault);

    return output_error(&error, json);
}

int output_faults(const struct tapgrant_error *error, json_t *faults) {
    json_t *object = error_json(error);

    json_object_set_new(object, "faults", faults);
    output_json(object);
    return error->code;
}

static json_t *mac_json(const uint8_t *mac) {
    char text[WIRE_MAC_TEXT];

    return mac ? json_string(wire_mac_text(mac, text)) : json_null();
}

static json_t *holders_json(const struct tapgrant_device *device) {
    pid_t holders[HOLDERS];
    size_t count = tapgrant_holders(device, holders, HOLDERS);
    json_t *array = json_array();

    for (size_t i = 0; i < count && i < HOLDERS; i++) {
        json_array_append_new(array, json_integer(holders[i]));
    }
    return array;
}

/* uid, user, rule and slot: who has the device, and by what. */
static json_t *grant_json(const struct tapgrant_device *device) {
    uid_t uid = tapgrant_uid(device);
    const struct passwd *user = uid != (uid_t)-1 ? getpwuid(uid) : NULL;
    int slot = tapgrant_slot(device);

    return json_pack("{s:o, s:s?, s:s?, s:o}", "uid",
                     uid != (uid_t)-1 ? json_integer(uid) : json_null(), "user",
                     user ? user->pw_name : NULL, "rule", tapgrant_rule(device), "slot",
                     slot >= 0 ? json_integer(slot) : json_null());
}

static json_t *link_json(const struct tapgrant_device *device) {
    return json_pack("{s:s?, s:o, s:o, s:i, s:i, s:b, s:b, s:o}", "bridge", tapgrant_bridge(device),
                     "host_mac", mac_json(tapgrant_host_mac(device)), "guest_mac",
                     mac_json(tapgrant_guest_mac(device)), "mtu", (int)tapgrant_mtu(device),
                     "queues", (int)tapgrant_queues(device), "persist", tapgrant_persist(device),
                     "up", tapgrant_up(device), "held_by", holders_json(device));
}

json_t *output_device(const struct tapgrant_device *device) {
    json_t *object = json_pack("{s:s, s:i}", "dev", tapgrant_name(device), "ifindex",
                               (int)tapgrant_ifindex(device));
    json_t *grant = grant_json(device);
    json_t *link = link_json(device);
    bool is_whole = !json_object_update(object, grant) && !json_object_update(object, link);

    json_decref(grant);
    json_decref(link);
    if (!is_whole) {
        json_decref(object);
        return NULL;
    }
    return object;
}
