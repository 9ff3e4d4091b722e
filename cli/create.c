// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tapgrant create: persistent taps, owned by the caller.
 */
#include "cli/interfaces.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "Usage: tapgrant create --net SPEC [--net SPEC]... [--json]\n"
    "       tapgrant create -f FILE [--json]\n"
    "Makes persistent taps owned by the caller, where the policy allows it, and prints their names.\n"
    "SPEC: dev=NAME,bridge=BRIDGE,guest-mac=MAC,host-mac=MAC,mtu=N,queues=N,vnet-hdr=yes|no \n"
    "FILE: definitions, [interface LABEL] and key = value (tapgrant-interfaces(5))\n";

static int print(struct tapgrant_device *const devices[], size_t count, bool json) {
    json_t *array = json ? json_array() : NULL;

    for (size_t i = 0; i < count; i++) {
        if (json)
            json_array_append_new(array, output_device(devices[i]));
        else
            puts(tapgrant_name(devices[i]));
    }
    return json ? output_json(array) : output_end();
}

/* Each with persist=yes. */
static int make_persistent(struct nets *nets) {
    for (size_t i = 0; i < nets->count; i++) {
        const struct interface *asked = &nets->asked[i];
        int code = 0;

        if (!asked->managed)
            code = nets_refuse(nets, i, "create makes managed interfaces: managed=no is for one that exists");
        else if (asked->given[INTERFACE_KEY_PERSIST] && !asked->persist)
            code = nets_refuse(nets, i, "create makes persistent interfaces: persist=no has no meaning here");
        else if (asked->script[0] || asked->downscript[0])
            code = nets_refuse(nets, i, "create opens nothing for a program: script and downscript are for run");
        else if (!asked->persist)
            code = nets_set(nets, i, "persist", "yes");
        if (code) return code;
    }
    return 0;
}

int create_main(int argc, char *argv[]) {
    struct tapgrant_device *devices[NETS_MAX] = {NULL};
    struct tapgrant_error error;
    struct nets nets;
    int code = nets_parse(&nets, argc, argv, true, help);

    if (code) return code < 0 ? TAPGRANT_OK : code;
    if (optind < argc) return output_usage(nets.json, "create takes options only, not '%s'", argv[optind]);
    code = make_persistent(&nets);
    if (code) return code;
    code = tapgrant_open_set((const char *const *)nets.spec, nets.count, devices, &error);
    if (code)
        output_error(&error, nets.json);
    else
        code = print(devices, nets.count, nets.json);
    for (size_t i = 0; i < nets.count; i++) tapgrant_close(devices[i]);
    nets_free(&nets);
    return code;
}
