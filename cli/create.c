// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tapgrant create: persistent taps, owned by the caller.
 */
#include "interface.h"
#include "nets.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "Usage: tapgrant create --net SPEC [--net SPEC]... [--json]\n"
    "Makes persistent taps owned by the caller, where the policy allows it, and prints their names.\n"
    "SPEC: dev=NAME,bridge=BRIDGE,guest-mac=MAC,host-mac=MAC,mtu=N,queues=N,vnet-hdr=yes|no (tapgrant-interfaces(5))\n";

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

/* SPEC with persist=yes, or NULL: *CODE says why, and it was said. */
static char *persistent(const char *spec, bool json, int *code) {
    struct interface_fault fault;
    struct interface interface;
    char *text = NULL;

    *code = TAPGRANT_USAGE;
    if (interface_parse(&interface, spec, &fault))
        output_fault(&fault, json);
    else if (!interface.managed)
        output_usage(json, "create makes managed interfaces: managed=no is for one that exists");
    else if (interface.given[INTERFACE_KEY_PERSIST] && !interface.persist)
        output_usage(json, "create makes persistent interfaces: persist=no has no meaning here");
    else if (asprintf(&text, "%s%s%s", spec, *spec && !interface.persist ? "," : "", interface.persist ? "" : "persist=yes") < 0)
        text = NULL;
    return text;
}

int create_main(int argc, char *argv[]) {
    struct tapgrant_device *devices[NETS_MAX];
    char *specs[NETS_MAX] = {NULL};
    struct tapgrant_error error;
    struct nets nets;
    int code = nets_parse(&nets, argc, argv, true, help);

    if (code) return code < 0 ? TAPGRANT_OK : code;
    if (optind < argc) return output_usage(nets.json, "create takes options only, not '%s'", argv[optind]);
    for (size_t i = 0; i < nets.count; i++)
        if (!(specs[i] = persistent(nets.spec[i], nets.json, &code))) return code;
    code = tapgrant_open_set((const char *const *)specs, nets.count, devices, &error);
    if (code)
        output_error(&error, nets.json);
    else
        code = print(devices, nets.count, nets.json);
    for (size_t i = 0; i < nets.count; i++) {
        tapgrant_close(devices[i]);
        free(specs[i]);
    }
    return code;
}
