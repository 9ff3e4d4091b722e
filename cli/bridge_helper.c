// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tapgrant-bridge-helper: takes qemu-bridge-helper's arguments and gives its reply, on libtapgrant.  It has no privilege.
 *
 * QEMU (net/tap.c, net_bridge_run_helper) and libvirt (virDomainCreateInBridgePortWithHelper) read one byte and one
 * descriptor from a stream socket, and take it if we then exit with 0.  More than one descriptor libvirt would leak, and
 * 0 without one makes QEMU take its standard input: so everything that can fail comes before the one message, and
 * whatever failed exits otherwise.  Neither waits with a limit; the library does.
 */
#include "command.h"
#include "interface.h"
#include "undo.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SPEC_SIZE 2048

static const char help[] =
    "Usage: tapgrant-bridge-helper [--net SPEC]... [--use-vnet] --br=BRIDGE --fd=SOCKET\n"
    "Stands in for qemu-bridge-helper: QEMU's -netdev bridge,br=BRIDGE,helper=PATH, and libvirt's bridge_helper.\n"
    "More can be asked for by helper=\"PATH --net guest-mac=52:54:00:12:34:56\" (tapgrant-interfaces(5)).\n";

struct arguments {
    const char *bridge, *fd;
    bool vnet;
    char net[SPEC_SIZE]; /* all --net, joined */
};

/* 0, an exit status after it was said, or -1 where only help or version was asked for. */
static int read_arguments(struct arguments *arguments, int argc, char *argv[]) {
    enum { BR = 1, FD, NET, VNET, HELP, VERSION };
    static const struct option options[] = {{"br", required_argument, NULL, BR},
                                            {"fd", required_argument, NULL, FD},
                                            {"net", required_argument, NULL, NET},
                                            {"use-vnet", no_argument, NULL, VNET},
                                            {"help", no_argument, NULL, HELP},
                                            {"version", no_argument, NULL, VERSION},
                                            {NULL, 0, NULL, 0}};
    size_t used;
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, "+:", options, NULL)) != -1) {
        used = strlen(arguments->net);
        if (option == HELP) return fputs(help, stdout), -1;
        if (option == VERSION) return printf("tapgrant-bridge-helper %s\n", tapgrant_version()), -1;
        if (option == ':' || option == '?') return output_usage(false, "unknown or incomplete option '%s'", argv[optind - 1]);
        if (option == BR) arguments->bridge = optarg;
        if (option == FD) arguments->fd = optarg;
        if (option == VNET) arguments->vnet = true;
        if (option == NET &&
            snprintf(arguments->net + used, SPEC_SIZE - used, "%s%s", used ? "," : "", optarg) >= (int)(SPEC_SIZE - used))
            return output_usage(false, "--net is longer than %d bytes", SPEC_SIZE - 1);
    }
    if (optind < argc) return output_usage(false, "unknown argument '%s'", argv[optind]);
    if (!arguments->bridge || !arguments->fd) return output_usage(false, "--br= and --fd= are needed");
    return 0;
}

/* A comma of the bridge's name, doubled. */
static void add_value(char *spec, const char *value) {
    size_t used = strlen(spec);

    for (; *value && used + 3 < SPEC_SIZE; value++) {
        if (*value == ',') spec[used++] = ',';
        spec[used++] = *value;
    }
    spec[used] = 0;
}

/* What the arguments ask for together, as one SPEC of --net. */
static int make_spec(const struct arguments *arguments, char spec[SPEC_SIZE], struct interface *interface) {
    const char *bridge = strcmp(arguments->bridge, "none") ? arguments->bridge : "";
    struct interface_fault fault;

    if (interface_parse(interface, arguments->net, &fault)) return output_fault(&fault, false);
    if (interface->given[INTERFACE_KEY_BRIDGE] && strcmp(interface->bridge, bridge))
        return output_usage(false, "--br=%s and --net bridge=%s are two bridges", arguments->bridge, interface->bridge);
    if (interface->queues > 1)
        return output_usage(false, "queues=%u: this way has one descriptor; tapgrant run has them all, by {fds}",
                            interface->queues);
    if (strlen(arguments->net) + 2 * strlen(arguments->bridge) + 64 > SPEC_SIZE)
        return output_usage(false, "--net and --br are too long");
    snprintf(spec, SPEC_SIZE, "%s", arguments->net);
    if (!interface->given[INTERFACE_KEY_BRIDGE]) {
        snprintf(spec + strlen(spec), SPEC_SIZE - strlen(spec), "%sbridge=", *spec ? "," : "");
        add_value(spec, arguments->bridge);
    }
    if (!interface->given[INTERFACE_KEY_VNET_HDR])
        snprintf(spec + strlen(spec), SPEC_SIZE - strlen(spec), ",vnet-hdr=%s", arguments->vnet ? "yes" : "no");
    return 0;
}

/* The socket to answer on: a connected stream, whose other end is one's own or root's.  -1 after it was said. */
static int read_socket(const char *text) {
    int domain = 0, type = 0, listening = 0, fd = -1;
    socklen_t size = sizeof(int), peer_size = sizeof(struct ucred);
    struct ucred peer = {.uid = (uid_t)-1};
    char *end;
    long number = strtol(text, &end, 10);

    if (*text >= '0' && *text <= '9' && !*end && number <= 1 << 20) fd = (int)number;
    if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) || domain != AF_UNIX ||
        getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) || type != SOCK_STREAM ||
        getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) || listening ||
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_size) || (peer.uid != getuid() && peer.uid != 0)) {
        output_usage(false, "--fd=%s is no connected unix stream socket of one's own", text);
        return -1;
    }
    return fd;
}

static int send_descriptor(int socket, int descriptor) {
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    struct iovec byte = {(char[1]){0}, 1};
    struct msghdr message = {.msg_iov = &byte, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control.bytes)};

    memcpy(CMSG_DATA(&control.header), &descriptor, sizeof(descriptor));
    return sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == 1 ? 0 : -errno;
}

/* An address that the rule generated, and its guest would not know: nobody here can be told. */
static int refuse_generated(const struct tapgrant_device *device) {
    struct tapgrant_error error = {.code = TAPGRANT_DENIED,
                                   .reason = "the rule generates a guest-mac, which cannot be reported this way",
                                   .hint = "QEMU: helper=\"... --net guest-mac=MAC\" and mac=MAC; libvirt: tapgrant create, and "
                                           "<target dev='DEV' managed='no'/>"};

    snprintf(error.object, sizeof(error.object), "bridge %s", tapgrant_bridge(device) ? tapgrant_bridge(device) : "none");
    return output_error(&error, false);
}

static int answer(int socket, const struct interface *asked, struct tapgrant_device *device) {
    struct tapgrant_error error = {.code = TAPGRANT_FAILED, .object = "--fd"};
    int failed;

    if (tapgrant_guest_mac(device) && !asked->given[INTERFACE_KEY_GUEST_MAC]) return refuse_generated(device);
    failed = send_descriptor(socket, tapgrant_fd(device, 0));
    if (!failed) return TAPGRANT_OK;
    snprintf(error.reason, sizeof(error.reason), "the interface cannot be handed over: %s", strerror(-failed));
    return output_error(&error, false);
}

int main(int argc, char *argv[]) {
    struct arguments arguments = {0};
    struct tapgrant_device *device;
    struct tapgrant_error error;
    struct interface interface;
    char spec[SPEC_SIZE];
    int code, socket;

    if (!output_keep_descriptors()) return TAPGRANT_FAILED;
    code = read_arguments(&arguments, argc, argv);
    if (code) return code < 0 ? TAPGRANT_OK : code;
    socket = read_socket(arguments.fd);
    if (socket < 0) return TAPGRANT_USAGE;
    code = make_spec(&arguments, spec, &interface);
    if (code) return code;
    if (tapgrant_open(spec, &device, &error)) return output_error(&error, false);
    code = answer(socket, &interface, device);
    if (code) undo_open(device);
    return code;
}
