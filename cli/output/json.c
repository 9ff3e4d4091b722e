// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the command says as JSON on stdout.
 */
#include "cli/command.h"
#include "conf/interface/interface.h"

#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>

#define HOLDERS 64

static const char *code_name(int code) {
    static const char *const names[] = {"ok", "failed", "usage", "denied", "device", "quota"};

    return code >= 0 && code < (int)(sizeof(names) / sizeof(names[0])) ? names[code] : "failed";
}

int output_json(json_t *value) {
    int failed = !value || json_dumpf(value, stdout, JSON_INDENT(2)) || putchar('\n') == EOF;

    json_decref(value);
    return output_end() || failed ? TAPGRANT_FAILED : TAPGRANT_OK;
}

static json_t *error_json(const struct tapgrant_error *error) {
    return json_pack("{s:s, s:i, s:s, s:s, s:s?}", "error", code_name(error->code), "code", error->code, "object", error->object,
                     "reason", error->reason, "hint", error->hint[0] ? error->hint : NULL);
}

int output_error(const struct tapgrant_error *error, bool json) {
    output_text(error);
    if (json) output_json(error_json(error));
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

int output_usage(bool json, const char *format, ...) {
    struct tapgrant_error error;
    va_list arguments;

    va_start(arguments, format);
    error = output_usage_of("tapgrant", format, arguments);
    va_end(arguments);
    return output_error(&error, json);
}

static json_t *mac_json(const uint8_t *mac) {
    char text[OUTPUT_MAC];

    return mac ? json_string(output_mac(mac, text)) : json_null();
}

static json_t *holders_json(const struct tapgrant_device *device) {
    pid_t holders[HOLDERS];
    size_t count = tapgrant_holders(device, holders, HOLDERS);
    json_t *array = json_array();

    for (size_t i = 0; i < count && i < HOLDERS; i++) json_array_append_new(array, json_integer(holders[i]));
    return array;
}

json_t *output_device(const struct tapgrant_device *device) {
    uid_t uid = tapgrant_uid(device);
    const struct passwd *user = uid != (uid_t)-1 ? getpwuid(uid) : NULL;
    int slot = tapgrant_slot(device);

    return json_pack("{s:s, s:i, s:o, s:s?, s:s?, s:o, s:s?, s:o, s:o, s:i, s:i, s:b, s:b, s:o}", "dev", tapgrant_name(device),
                     "ifindex", (int)tapgrant_ifindex(device), "uid", uid != (uid_t)-1 ? json_integer(uid) : json_null(), "user",
                     user ? user->pw_name : NULL, "rule", tapgrant_rule(device), "slot",
                     slot >= 0 ? json_integer(slot) : json_null(), "bridge", tapgrant_bridge(device), "host_mac",
                     mac_json(tapgrant_host_mac(device)), "guest_mac", mac_json(tapgrant_guest_mac(device)), "mtu",
                     (int)tapgrant_mtu(device), "queues", (int)tapgrant_queues(device), "persist", tapgrant_persist(device), "up",
                     tapgrant_up(device), "held_by", holders_json(device));
}
