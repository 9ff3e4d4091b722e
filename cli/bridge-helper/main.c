// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tapgrant-bridge-helper: takes qemu-bridge-helper's arguments and gives its reply, on libtapgrant.
 * It has no privilege.
 *
 * QEMU (net/tap.c, net_bridge_run_helper) and libvirt (virDomainCreateInBridgePortWithHelper) read
 * one byte and one descriptor from a stream socket, and take it if the helper then exits with 0.
 * libvirt would leak a second descriptor.  Without a descriptor, exit status 0 makes QEMU take its
 * standard input.  So everything that can fail comes before the one message, and every
 * failure exits with another status.  Neither limits how long it waits; the library does.
 */
#include "cli/answer/denial.h"
#include "cli/bridge-helper/socket.h"
#include "cli/output/output.h"
#include "cli/shared/discard.h"
#include "cli/shared/options.h"
#include "conf/interface/interface.h"

#include <stdio.h>
#include <string.h>

#define SPEC_SIZE 2048
#define SPEC_REST 64 /* ",bridge=" and ",vnet-hdr=yes" have room in it */

static const char usage[] =
    "Usage: tapgrant-bridge-helper [--net SPEC]... [--use-vnet] --br=BRIDGE --fd=SOCKET\n"
    "Stands in for qemu-bridge-helper: QEMU's -netdev bridge,br=BRIDGE,helper=PATH, and libvirt's\n"
    "bridge_helper.  More can be asked for: helper=\"PATH --net guest-mac=52:54:00:12:34:56\"\n"
    "(tapgrant-interfaces(5)).\n";

struct arguments {
    const char *bridge;
    const char *socket;
    bool use_vnet;
    struct option_values nets;
    char net[SPEC_SIZE]; /* all of nets, joined */
};

__attribute__((format(printf, 1, 2))) static int refuse(const char *format, ...) {
    struct tapgrant_error error;
    va_list arguments;

    va_start(arguments, format);
    error = output_usage_of("tapgrant-bridge-helper", format, arguments);
    va_end(arguments);
    return output_text(&error);
}

static int join_nets(struct arguments *arguments) {
    size_t used = 0;

    for (size_t i = 0; i < arguments->nets.count; i++) {
        const char *spec = arguments->nets.value[i];

        if (!*spec) {
            continue;
        }
        used += (size_t)snprintf(arguments->net + used, SPEC_SIZE - used, "%s%s", used ? "," : "",
                                 spec);
        if (used >= SPEC_SIZE) {
            return refuse("--net is longer than %d bytes", SPEC_SIZE - 1);
        }
    }
    return 0;
}

static int check_arguments(struct arguments *arguments, const struct options *options) {
    if (options->word_count) {
        return refuse("unknown argument '%s'", options->word[0]);
    }
    if (!arguments->bridge || !arguments->socket) {
        return refuse("--br= and --fd= are needed");
    }
    return join_nets(arguments);
}

/* 0, an exit status after the fault was said, or -1 where only help or version was asked for. */
static int read_arguments(struct arguments *arguments, int argc, char *argv[]) {
    struct options options = {
        .usage = usage,
        .row = {
            {"br", "BRIDGE", "the bridge, or none", .last = &arguments->bridge},
            {"fd", "SOCKET", "the descriptor to answer on", .last = &arguments->socket},
            {"use-vnet", NULL, "the tap has vnet headers", .flag = &arguments->use_vnet},
            {"net", "SPEC", "more of the interface; may be repeated", .all = &arguments->nets}}};

    switch (options_read(&options, argc, argv)) {
    case OPTIONS_READ:
        return check_arguments(arguments, &options);
    case OPTIONS_HELP:
        options_print(&options, stdout);
        return -1;
    case OPTIONS_VERSION:
        printf("tapgrant-bridge-helper %s\n", tapgrant_version());
        return -1;
    case OPTIONS_WRONG:
        break;
    }
    return refuse("%s", options.fault);
}

/* What --net says must agree with --br, and ask for one descriptor. */
static int parse_net(const struct arguments *arguments, struct interface *interface) {
    const char *bridge = strcmp(arguments->bridge, "none") ? arguments->bridge : "";
    struct tapgrant_error error;
    struct interface_fault fault;

    if (interface_parse(interface, arguments->net, &fault)) {
        error = output_error_of(&fault);
        return output_text(&error);
    }
    if (interface->given[INTERFACE_KEY_BRIDGE] && strcmp(interface->bridge, bridge)) {
        return refuse("--br=%s and --net bridge=%s are two bridges", arguments->bridge,
                      interface->bridge[0] ? interface->bridge : "none");
    }
    if (interface->queues > 1) {
        return refuse("queues=%u: this way has one descriptor; tapgrant run has them all, by {fds}",
                      interface->queues);
    }
    return 0;
}

/* Appends VALUE with its commas doubled at USED; returns where it ends. */
static size_t append_value(char spec[SPEC_SIZE], size_t used, const char *value) {
    for (; *value; value++) {
        if (*value == ',') {
            spec[used++] = ',';
        }
        spec[used++] = *value;
    }
    spec[used] = 0;
    return used;
}

/* What the arguments ask for together, as one SPEC of --net. */
static int make_spec(const struct arguments *arguments,
                     const struct interface *interface,
                     char spec[SPEC_SIZE]) {
    size_t used = strlen(arguments->net);

    if (used + 2 * strlen(arguments->bridge) + SPEC_REST > SPEC_SIZE) {
        return refuse("--net and --br are too long");
    }
    memcpy(spec, arguments->net, used + 1);
    if (!interface->given[INTERFACE_KEY_BRIDGE]) {
        used += (size_t)snprintf(spec + used, SPEC_SIZE - used, "%sbridge=", used ? "," : "");
        used = append_value(spec, used, arguments->bridge);
    }
    if (!interface->given[INTERFACE_KEY_VNET_HDR]) {
        snprintf(spec + used, SPEC_SIZE - used, ",vnet-hdr=%s", arguments->use_vnet ? "yes" : "no");
    }
    return 0;
}

/*
 * The guest would not know an address that the rule generated, and this reply has no room for it.
 */
static int refuse_generated(const struct tapgrant_device *device) {
    struct tapgrant_error error = {
        .code = TAPGRANT_DENIED,
        .reason = "the rule generates a guest-mac, which cannot be reported this way",
        .hint =
            "QEMU: helper=\"... --net guest-mac=MAC\" and mac=MAC; libvirt: tapgrant create, and "
            "<target dev='DEV' managed='no'/>"};
    const char *bridge = tapgrant_bridge(device);

    snprintf(error.object, sizeof(error.object), "bridge %s", bridge ? bridge : "none");
    return output_text(&error);
}

static int reply(int socket, const struct interface *wanted, const struct tapgrant_device *device) {
    struct tapgrant_error failure = {.code = TAPGRANT_FAILED, .object = "--fd"};
    int error;

    if (tapgrant_guest_mac(device) && !wanted->given[INTERFACE_KEY_GUEST_MAC]) {
        return refuse_generated(device);
    }
    error = socket_send(socket, tapgrant_fd(device, 0));
    if (!error) {
        return TAPGRANT_OK;
    }
    snprintf(failure.reason, sizeof(failure.reason), "the interface cannot be handed over: %s",
             strerror(-error));
    return output_text(&failure);
}

int main(int argc, char *argv[]) {
    struct arguments arguments = {.bridge = NULL};
    struct tapgrant_device *device;
    struct tapgrant_error error;
    struct interface wanted;
    char spec[SPEC_SIZE];
    int code;
    int socket;

    if (!output_keep_descriptors()) {
        return TAPGRANT_FAILED;
    }
    code = read_arguments(&arguments, argc, argv);
    if (code) {
        return code < 0 ? TAPGRANT_OK : code;
    }
    socket = socket_parse(arguments.socket);
    if (socket < 0) {
        return refuse("--fd=%s is no connected unix stream socket of one's own", arguments.socket);
    }
    code = parse_net(&arguments, &wanted);
    if (code) {
        return code;
    }
    code = make_spec(&arguments, &wanted, spec);
    if (code) {
        return code;
    }
    if (tapgrant_open(spec, &device, &error)) {
        const char *const specs[] = {spec};

        denial_explain(specs, 1, &error);
        return output_text(&error);
    }
    code = reply(socket, &wanted, device);
    if (code) {
        discard_device(device);
    }
    return code;
}
