// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * How the command speaks: one line on stderr and a hint, or JSON on stdout.
 */
#include "command.h"
#include "interface.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HOLDERS 64

static const char *code_name(int code) {
    static const char *const names[] = {"ok", "failed", "usage", "denied", "device", "quota"};

    return code >= 0 && code < (int)(sizeof(names) / sizeof(names[0])) ? names[code] : "failed";
}

bool output_keep_descriptors(void) {
    int fd;

    do fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= 2);
    return fd > 2 && !close(fd);
}

int output_end(void) {
    if (!fflush(stdout) && !ferror(stdout)) return TAPGRANT_OK;
    fputs("tapgrant: standard output: cannot be written\n", stderr);
    return TAPGRANT_FAILED;
}

int output_json(json_t *value) {
    int failed = !value || json_dumpf(value, stdout, JSON_INDENT(2)) || putchar('\n') == EOF;

    json_decref(value);
    return output_end() || failed ? TAPGRANT_FAILED : TAPGRANT_OK;
}

int output_fault(const struct interface_fault *fault, bool json) {
    struct tapgrant_error error = {.code = TAPGRANT_USAGE};

    snprintf(error.object, sizeof(error.object), "%s", fault->object);
    snprintf(error.reason, sizeof(error.reason), "%s", fault->reason);
    snprintf(error.hint, sizeof(error.hint), "%s", fault->hint);
    return output_error(&error, json);
}

static json_t *error_json(const struct tapgrant_error *error) {
    return json_pack("{s:s, s:i, s:s, s:s, s:s?}", "error", code_name(error->code), "code", error->code, "object", error->object,
                     "reason", error->reason, "hint", error->hint[0] ? error->hint : NULL);
}

int output_error(const struct tapgrant_error *error, bool json) {
    fprintf(stderr, "tapgrant: %s: %s\n", error->object, error->reason);
    if (error->hint[0]) fprintf(stderr, "hint: %s\n", error->hint);
    if (json) output_json(error_json(error));
    return error->code;
}

int output_faults(const struct tapgrant_error *error, json_t *faults) {
    json_t *object = error_json(error);

    json_object_set_new(object, "faults", faults);
    output_json(object);
    return error->code;
}

int output_usage_of(const char *program, bool json, const char *format, va_list arguments) {
    struct tapgrant_error error = {.code = TAPGRANT_USAGE, .object = "usage"};

    snprintf(error.hint, sizeof(error.hint), "%s --help shows how", program);
    vsnprintf(error.reason, sizeof(error.reason), format, arguments);
    for (char *byte = error.reason; *byte; byte++)
        if (*byte < ' ' || *byte > '~') *byte = '?';
    return output_error(&error, json);
}

int output_usage(bool json, const char *format, ...) {
    va_list arguments;
    int code;

    va_start(arguments, format);
    code = output_usage_of("tapgrant", json, format, arguments);
    va_end(arguments);
    return code;
}

void output_warnings(const struct tapgrant_device *device) {
    char name[80], shown[600];
    const char *warning;

    interface_printable(tapgrant_name(device), name, sizeof(name));
    for (unsigned n = 0; (warning = tapgrant_warning(device, n)); n++)
        fprintf(stderr, "tapgrant: interface %s: warning: %s\n", name, interface_printable(warning, shown, sizeof(shown)));
}

const char *output_mac(const uint8_t mac[6], char text[OUTPUT_MAC]) {
    snprintf(text, OUTPUT_MAC, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
    return text;
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
