// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tapgrant create: persistent taps, owned by the caller.
 */
#include "cli/interfaces.h"
#include "cli/options.h"

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

static int make_persistent(struct nets *nets, size_t n) {
    const struct interface *wanted = &nets->asked[n];

    if (!wanted->managed) {
        return nets_refuse(nets, n,
                           "create makes managed interfaces: managed=no is for one that exists");
    }
    if (wanted->given[INTERFACE_KEY_PERSIST] && !wanted->persist) {
        return nets_refuse(nets, n,
                           "create makes persistent interfaces: persist=no has no meaning here");
    }
    if (wanted->script[0] || wanted->downscript[0]) {
        return nets_refuse(nets, n,
                           "create opens nothing for a program: script and downscript are for run");
    }
    return wanted->persist ? 0 : nets_set(nets, n, "persist", "yes");
}

static int make(const struct nets *nets) {
    struct tapgrant_device *devices[NETS_MAX] = {NULL};
    struct tapgrant_error failure;
    int code = tapgrant_open_set((const char *const *)nets->spec, nets->count, devices, &failure);

    if (code) {
        return output_error(&failure, nets->json);
    }
    code = nets->json ? print_json(devices, nets->count) : print_names(devices, nets->count);
    for (size_t i = 0; i < nets->count; i++) {
        tapgrant_close(devices[i]);
    }
    return code;
}

static int create(struct nets *nets, int argc, char *argv[]) {
    const struct option_row own[] = {
        {"json", NULL, "prints JSON, also of what goes wrong", .flag = &nets->json},
        {.name = NULL}};
    int code = nets_parse(nets, argc, argv, own, help);

    if (code) {
        return code < 0 ? TAPGRANT_OK : code;
    }
    if (optind < argc) {
        return output_usage(nets->json, "create takes options only, not '%s'", argv[optind]);
    }
    for (size_t i = 0; i < nets->count; i++) {
        code = make_persistent(nets, i);
        if (code) {
            return code;
        }
    }
    return make(nets);
}

int create_main(int argc, char *argv[]) {
    struct nets nets;
    int code = create(&nets, argc, argv);

    nets_free(&nets);
    return code;
}
