// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tapgrant run: executes COMMAND with the interfaces' descriptors open, in its own place.  If an
 * interface has a downscript, COMMAND is a child, and run waits for its end.
 */
#include "cli/answer/denial.h"
#include "cli/run/child.h"
#include "cli/run/placeholders.h"
#include "cli/run/scripts.h"
#include "cli/shared/discard.h"
#include "cli/shared/interfaces.h"
#include "cli/shared/kept.h"
#include "cli/shared/options.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
    "Usage: tapgrant run --net SPEC [--net SPEC]... -- COMMAND [ARGUMENT]...\n"
    "       tapgrant run -f FILE -- COMMAND [ARGUMENT]...\n"
    "Opens the interfaces and becomes COMMAND, their descriptors open.  In its words these are "
    "replaced:\n"
    "  {fd} {fds} {dev} {host-mac} {guest-mac}   with one interface ({fds}: joined by ':', for "
    "several queues)\n"
    "  {0.fd} {1.dev} ...                        with several, counted from 0\n"
    "  {web.fd} {web.dev} ...                    of FILE's [interface web]\n"
    "SPEC: dev=NAME,bridge=BRIDGE,guest-mac=MAC,host-mac=MAC,mtu=N,queues=N,netns=own|host,"
    "vnet-hdr=yes|no,persist=yes|no,\n"
    "      script=PATH,downscript=PATH (run as you with the device's name, after opening and after "
    "closing),\n"
    "      or managed=no,dev=NAME for a tap that is there already (tapgrant-interfaces(5))\n"
    "Example: tapgrant run --net bridge=br0 -- qemu-system-x86_64 -netdev tap,id=n,fd={fd} "
    "-device virtio-net,netdev=n\n";

struct run {
    struct interfaces interfaces;
    struct tapgrant_device *devices[INTERFACES_MAX]; /* NULL: closed */
    struct device_names names;
    size_t opened; /* interfaces that are open and whose scripts are done: downscripts will run */
    char **words;  /* COMMAND's, with a NULL behind them */
};

static int open_interfaces(struct run *run) {
    struct tapgrant_error failure;

    if (tapgrant_open_set((const char *const *)run->interfaces.spec, run->interfaces.count,
                          run->devices, &failure)) {
        denial_explain((const char *const *)run->interfaces.spec, run->interfaces.count, &failure);
        return output_error(&failure, false);
    }
    for (size_t i = 0; i < run->interfaces.count; i++) {
        snprintf(run->names.name[i], sizeof(run->names.name[i]), "%s",
                 tapgrant_name(run->devices[i]));
    }
    return 0;
}

static void warn(const struct run *run) {
    for (size_t i = 0; i < run->interfaces.count; i++) {
        output_warnings(run->devices[i]);
        kept_warn(run->devices[i]);
    }
}

static int replace_placeholders(struct run *run) {
    const char *labels[INTERFACES_MAX];
    struct placeholders placeholders = {.devices = run->devices, .count = run->interfaces.count};
    char fault[300];

    /* a file gives each of its interfaces a label, and --net gives none */
    if (run->interfaces.wanted[0].label[0]) {
        placeholders.labels = labels;
    }
    for (size_t i = 0; i < run->interfaces.count; i++) {
        labels[i] = run->interfaces.wanted[i].label;
    }
    for (char **word = run->words; *word; word++) {
        *word = placeholders_expand(&placeholders, *word, fault, sizeof(fault));
        if (!*word) {
            return output_usage(false, "%s", fault);
        }
    }
    return 0;
}

/* Lets the descriptors stay open in COMMAND. */
static int keep_open(const struct tapgrant_device *device) {
    for (unsigned queue = 0; queue < tapgrant_queues(device); queue++) {
        if (fcntl(tapgrant_fd(device, queue), F_SETFD, 0)) {
            return -errno;
        }
    }
    return 0;
}

static int keep_all_open(const struct run *run) {
    for (size_t i = 0; i < run->interfaces.count; i++) {
        int error = keep_open(run->devices[i]);

        if (error) {
            fprintf(stderr, "tapgrant: descriptors: cannot be handed on: %s\n", strerror(-error));
            return COMMAND_CANNOT_RUN;
        }
    }
    return 0;
}

/* Once COMMAND has them, the queues are its own alone: then downscripts see them closed. */
static int run_as_child(struct run *run, struct child *child) {
    if (!child_start(child, run->words)) {
        return child->code;
    }
    for (size_t i = 0; i < run->interfaces.count; i++) {
        tapgrant_close(run->devices[i]);
        run->devices[i] = NULL;
    }
    return child_wait(child);
}

/* Returns only if COMMAND is a child, or does not run. */
static int run_command(struct run *run) {
    bool is_child = scripts_wait(&run->interfaces);
    struct child child;
    int code;

    warn(run);
    code = replace_placeholders(run);
    if (code) {
        return code;
    }
    if (is_child) {
        child_prepare(&child);
    }
    code = scripts_up(&run->interfaces, &run->names, &run->opened);
    if (code) {
        return code;
    }
    code = keep_all_open(run);
    if (code) {
        return code;
    }
    return is_child ? run_as_child(run, &child) : exec_command(run->words);
}

static int run_all(struct run *run) {
    int code = open_interfaces(run);
    int down_code;

    if (code) {
        return code;
    }
    code = run_command(run);
    /* those that are still open: COMMAND did not run */
    for (size_t i = 0; i < run->interfaces.count; i++) {
        discard_device(run->devices[i]);
    }
    down_code = scripts_down(&run->interfaces, &run->names, run->opened);
    return code ? code : down_code;
}

static int read_and_run(struct run *run, int argc, char *argv[]) {
    const struct option_row none = {.name = NULL};
    int code = interfaces_parse(&run->interfaces, argc, argv, &none, help);

    if (code) {
        return code < 0 ? TAPGRANT_OK : code;
    }
    if (optind == argc) {
        return output_usage(false, "run needs a COMMAND, behind --");
    }
    run->words = argv + optind;
    return run_all(run);
}

int run_main(int argc, char *argv[]) {
    struct run run = {.opened = 0};
    int code = read_and_run(&run, argc, argv);

    interfaces_free(&run.interfaces);
    return code;
}
