// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tapgrant run: becomes COMMAND, with the interfaces' descriptors open; with a downscript it stays above it.
 */
#include "cli/run/child.h"
#include "cli/kept.h"
#include "cli/interfaces.h"
#include "cli/run/placeholders.h"
#include "cli/run/scripts.h"
#include "cli/discard.h"

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
    "      script=PATH,downscript=PATH (run as you with the device's name, after opening and after closing),\n"
    "      or managed=no,dev=NAME for a tap that is there already (tapgrant-interfaces(5))\n"
    "Example: tapgrant run --net bridge=br0 -- qemu-system-x86_64 -netdev tap,id=n,fd={fd} -device virtio-net,netdev=n\n";

static int keep_open(struct tapgrant_device *const devices[], size_t count) {
    for (size_t i = 0; i < count; i++)
        for (unsigned queue = 0; queue < tapgrant_queues(devices[i]); queue++)
            if (fcntl(tapgrant_fd(devices[i], queue), F_SETFD, 0)) return -errno;
    return 0;
}

static int expand(const struct nets *nets, struct tapgrant_device *const devices[], char *words[]) {
    const char *labels[NETS_MAX];
    const struct placeholders placeholders = {devices, nets->asked[0].label[0] ? labels : NULL, nets->count};
    char fault[300];

    for (size_t i = 0; i < nets->count; i++) labels[i] = nets->asked[i].label;
    for (size_t i = 0; words[i]; i++) {
        words[i] = placeholders_expand(&placeholders, words[i], fault, sizeof(fault));
        if (!words[i]) return output_usage(false, "%s", fault);
    }
    return 0;
}

/* COMMAND beneath us, because something is to be done when it has ended. */
static int run_beneath(struct child *child, const struct nets *nets, struct tapgrant_device *devices[], char *words[]) {
    if (!child_start(child, words)) return child->code;
    for (size_t i = 0; i < nets->count; i++) {
        tapgrant_close(devices[i]); /* the queues are the command's alone */
        devices[i] = NULL;
    }
    return child_wait(child);
}

/* *OPENED is then how many interfaces were opened, their scripts included: their downscripts are to run. */
static int run(const struct nets *nets, struct tapgrant_device *devices[], char *const names[], char *words[], size_t *opened) {
    struct child child;
    int code, failed;

    for (size_t i = 0; i < nets->count; i++) {
        output_warnings(devices[i]);
        kept_warn(devices[i]);
    }
    code = expand(nets, devices, words);
    if (code) return code;
    if (scripts_wait(nets)) child_prepare(&child);
    code = scripts_up(nets, names, opened);
    if (code) return code;
    failed = keep_open(devices, nets->count);
    if (!failed) return scripts_wait(nets) ? run_beneath(&child, nets, devices, words) : child_become(words);
    fprintf(stderr, "tapgrant: descriptors: cannot be handed on: %s\n", strerror(-failed));
    return COMMAND_CANNOT_RUN;
}

int run_main(int argc, char *argv[]) {
    struct tapgrant_device *devices[NETS_MAX];
    struct tapgrant_error error;
    char *names[NETS_MAX];
    size_t opened = 0;
    struct nets nets;
    int down, code = nets_parse(&nets, argc, argv, false, help);

    if (code) return code < 0 ? TAPGRANT_OK : code;
    if (optind == argc) return output_usage(false, "run needs a COMMAND, behind --");
    if (tapgrant_open_set((const char *const *)nets.spec, nets.count, devices, &error)) return output_error(&error, false);
    for (size_t i = 0; i < nets.count; i++) names[i] = strdup(tapgrant_name(devices[i]));
    code = run(&nets, devices, names, argv + optind, &opened);
    for (size_t i = 0; i < nets.count; i++) undo_open(devices[i]); /* COMMAND did not come to be */
    down = scripts_down(&nets, names, opened);
    for (size_t i = 0; i < nets.count; i++) free(names[i]);
    nets_free(&nets);
    return code ? code : down;
}
