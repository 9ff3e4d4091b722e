// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tapgrant create: persistent taps, owned by the caller.
 */
#include "cli/answer/denial.h"
#include "cli/shared/interfaces.h"
#include "cli/shared/options.h"
#include "cli/shared/sudo.h"

#include <getopt.h>
#include <stdio.h>

static const char help[] =
    "Usage: tapgrant create --net SPEC [--net SPEC]... [--json]\n"
    "       tapgrant create -f FILE [--json]\n"
    "Makes persistent taps owned by the caller, where the policy allows it; prints their names.\n"
    "SPEC: dev=NAME,bridge=BRIDGE,guest-mac=MAC,host-mac=MAC,mtu=N,queues=N,vnet-hdr=yes|no\n"
    "FILE: definitions, [interface LABEL] and key = value (tapgrant-interfaces(5))\n";

static int print_names(struct tapgrant_device *const devices[], size_t count) {
    for (size_t i = 0; i < count; i++) {
        puts(tapgrant_name(devices[i]));
    }
    return output_end();
}

static int print_json(struct tapgrant_device *const devices[], size_t count) {
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++) {
        json_array_append_new(array, output_device(devices[i]));
    }
    return output_json(array);
}

static int make_persistent(struct interfaces *interfaces, size_t n) {
    const struct interface *wanted = &interfaces->wanted[n];

    if (!wanted->managed) {
        return interfaces_refuse(
            interfaces, n, "create makes managed interfaces: managed=no is for one that exists");
    }
    if (wanted->given[INTERFACE_KEY_PERSIST] && !wanted->persist) {
        return interfaces_refuse(
            interfaces, n, "create makes persistent interfaces: persist=no has no meaning here");
    }
    if (wanted->host_netns) {
        return interfaces_refuse(
            interfaces, n,
            "create makes persistent interfaces, and one with netns=host could be neither opened "
            "again nor deleted: it is for run");
    }
    if (wanted->script[0] || wanted->downscript[0]) {
        return interfaces_refuse(
            interfaces, n, "create opens nothing for a program: script and downscript are for run");
    }
    return wanted->persist ? 0 : interfaces_set(interfaces, n, "persist", "yes");
}

/* Only root can open or delete what root has made. */
static void warn_sudo(struct tapgrant_device *const devices[], size_t count) {
    const char *user = sudo_user();
    char warning[200];

    for (size_t i = 0; user && i < count; i++) {
        snprintf(warning, sizeof(warning), "it is root's, because of sudo, and not %.100s's", user);
        output_warning(devices[i], warning);
    }
}

static int make(const struct interfaces *interfaces) {
    struct tapgrant_device *devices[INTERFACES_MAX] = {NULL};
    struct tapgrant_error failure;
    int code = tapgrant_open_set((const char *const *)interfaces->spec, interfaces->count, devices,
                                 &failure);

    if (code) {
        denial_explain((const char *const *)interfaces->spec, interfaces->count, &failure);
        return output_error(&failure, interfaces->json);
    }
    warn_sudo(devices, interfaces->count);
    code = interfaces->json ? print_json(devices, interfaces->count)
                            : print_names(devices, interfaces->count);
    for (size_t i = 0; i < interfaces->count; i++) {
        tapgrant_close(devices[i]);
    }
    return code;
}

static int create(struct interfaces *interfaces, int argc, char *argv[]) {
    const struct option_row own[] = {
        {"json", NULL, "prints JSON, also of what goes wrong", .flag = &interfaces->json},
        {.name = NULL}};
    int code = interfaces_parse(interfaces, argc, argv, own, help);

    if (code) {
        return code < 0 ? TAPGRANT_OK : code;
    }
    if (optind < argc) {
        return output_usage(interfaces->json, "create takes options only, not '%s'", argv[optind]);
    }
    for (size_t i = 0; i < interfaces->count; i++) {
        code = make_persistent(interfaces, i);
        if (code) {
            return code;
        }
    }
    return make(interfaces);
}

int create_main(int argc, char *argv[]) {
    struct interfaces interfaces;
    int code = create(&interfaces, argc, argv);

    interfaces_free(&interfaces);
    return code;
}
