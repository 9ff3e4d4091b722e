// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tapgrant run: becomes COMMAND, with the interfaces' descriptors open.
 */
#include "nets.h"
#include "placeholders.h"
#include "undo.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "Usage: tapgrant run --net SPEC [--net SPEC]... -- COMMAND [ARGUMENT]...\n"
    "       tapgrant run -f FILE -- COMMAND [ARGUMENT]...\n"
    "Opens the interfaces and becomes COMMAND, their descriptors open.  In its words these are replaced:\n"
    "  {fd} {fds} {dev} {host-mac} {guest-mac}   with one interface ({fds}: joined by ':', for several queues)\n"
    "  {0.fd} {1.dev} ...                        with several, counted from 0\n"
    "  {web.fd} {web.dev} ...                    of FILE's [interface web]\n"
    "SPEC: dev=NAME,bridge=BRIDGE,guest-mac=MAC,host-mac=MAC,mtu=N,queues=N,vnet-hdr=yes|no,persist=yes|no,\n"
    "      or managed=no,dev=NAME for a tap that is there already (tapgrant-interfaces(5))\n"
    "Example: tapgrant run --net bridge=br0 -- qemu-system-x86_64 -netdev tap,id=n,fd={fd} -device virtio-net,netdev=n\n";

static int keep_open(struct tapgrant_device *const devices[], size_t count) {
    for (size_t i = 0; i < count; i++)
        for (unsigned queue = 0; queue < tapgrant_queues(devices[i]); queue++)
            if (fcntl(tapgrant_fd(devices[i], queue), F_SETFD, 0)) return -errno;
    return 0;
}

static int become(char *words[]) {
    struct tapgrant_error error = {.code = COMMAND_CANNOT_RUN};

    execvp(words[0], words);
    if (errno == ENOENT)
        error.code = COMMAND_NOT_FOUND;
    else if (errno == EACCES || errno == ENOEXEC)
        error.code = COMMAND_NOT_EXECUTABLE;
    snprintf(error.reason, sizeof(error.reason), "cannot be run: %s", strerror(errno));
    snprintf(error.object, sizeof(error.object), "%s", words[0]);
    return output_error(&error, false);
}

static int run(const struct nets *nets, struct tapgrant_device *const devices[], char *words[]) {
    const char *labels[NETS_MAX];
    const struct placeholders placeholders = {devices, nets->asked[0].label[0] ? labels : NULL, nets->count};
    char fault[300];
    int failed;

    for (size_t i = 0; i < nets->count; i++) {
        labels[i] = nets->asked[i].label;
        output_warnings(devices[i]);
    }
    for (size_t i = 0; words[i]; i++) {
        words[i] = placeholders_expand(&placeholders, words[i], fault, sizeof(fault));
        if (!words[i]) return output_usage(false, "%s", fault);
    }
    failed = keep_open(devices, nets->count);
    if (!failed) return become(words);
    fprintf(stderr, "tapgrant: descriptors: cannot be handed on: %s\n", strerror(-failed));
    return COMMAND_CANNOT_RUN;
}

int run_main(int argc, char *argv[]) {
    struct tapgrant_device *devices[NETS_MAX];
    struct tapgrant_error error;
    struct nets nets;
    int code = nets_parse(&nets, argc, argv, false, help);

    if (code) return code < 0 ? TAPGRANT_OK : code;
    if (optind == argc) return output_usage(false, "run needs a COMMAND, behind --");
    if (tapgrant_open_set((const char *const *)nets.spec, nets.count, devices, &error)) return output_error(&error, false);
    code = run(&nets, devices, argv + optind);
    for (size_t i = 0; i < nets.count; i++) undo_open(devices[i]); /* COMMAND did not come to be */
    nets_free(&nets);
    return code;
}
