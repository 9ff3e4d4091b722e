// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tapgrant-bridge-helper: takes qemu-bridge-helper's arguments and gives its reply, on libtapgrant.  It has no privilege.
 *
 * QEMU (net/tap.c, net_bridge_run_helper) and libvirt (virDomainCreateInBridgePortWithHelper) read one byte and one
 * descriptor from a stream socket, and take it if we then exit with 0.  More than one descriptor libvirt would leak, and
 * 0 without one makes QEMU take its standard input: so everything that can fail comes before the one message, and
 * whatever failed exits otherwise.  Neither waits with a limit; the library does.
 */
#include "cli/command.h"
#include "conf/interface/interface.h"
#include "cli/discard.h"

#include <errno.h>
#include <stdarg.h>
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

__attribute__((format(printf, 1, 2))) static int refuse(const char *format, ...) {
    struct tapgrant_error error;
    va_list arguments;

    va_start(arguments, format);
    error = output_usage_of("tapgrant-bridge-helper", format, arguments);
    va_end(arguments);
    return output_text(&error);
}

static int add_net(struct arguments *arguments, const char *spec) {
    size_t used = strlen(arguments->net), room = SPEC_SIZE - used;

    if (!*spec) return 0;
    if (snprintf(arguments->net + used, room, "%s%s", used ? "," : "", spec) < (int)room) return 0;
    return refuse("--net is longer than %d bytes", SPEC_SIZE - 1);
}

/*
 * 0, an exit status after it was said, or -1 where only help or version was asked for.  As qemu-bridge-helper, and other
 * than getopt_long(3), takes no abbreviation.
 */
static int read_arguments(struct arguments *arguments, int argc, char *argv[]) {
    int code = 0;

    for (int i = 1; !code && i < argc; i++) {
        const char *word = argv[i];

        if (!strcmp(word, "--help")) return fputs(help, stdout), -1;
        if (!strcmp(word, "--version")) return printf("tapgrant-bridge-helper %s\n", tapgrant_version()), -1;
        if (!strcmp(word, "--use-vnet"))
            arguments->vnet = true;
        else if (!strncmp(word, "--br=", 5))
            arguments->bridge = word + 5;
        else if (!strncmp(word, "--fd=", 5))
            arguments->fd = word + 5;
        else if (!strncmp(word, "--net=", 6))
            code = add_net(arguments, word + 6);
        else if (!strcmp(word, "--br") && i + 1 < argc)
            arguments->bridge = argv[++i];
        else if (!strcmp(word, "--fd") && i + 1 < argc)
            arguments->fd = argv[++i];
        else if (!strcmp(word, "--net") && i + 1 < argc)
            code = add_net(arguments, argv[++i]);
        else
            code = refuse("unknown or incomplete argument '%s'", word);
    }
    if (!code && (!arguments->bridge || !arguments->fd)) code = refuse("--br= and --fd= are needed");
    return code;
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
    struct tapgrant_error error;
    struct interface_fault fault;

    if (interface_parse(interface, arguments->net, &fault)) return error = output_error_of(&fault), output_text(&error);
    if (interface->given[INTERFACE_KEY_BRIDGE] && strcmp(interface->bridge, bridge))
        return refuse("--br=%s and --net bridge=%s are two bridges", arguments->bridge,
                      interface->bridge[0] ? interface->bridge : "none");
    if (interface->queues > 1)
        return refuse("queues=%u: this way has one descriptor; tapgrant run has them all, by {fds}", interface->queues);
    if (strlen(arguments->net) + 2 * strlen(arguments->bridge) + 64 > SPEC_SIZE) return refuse("--net and --br are too long");
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
        refuse("--fd=%s is no connected unix stream socket of one's own", text);
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
    return output_text(&error);
}

static int answer(int socket, const struct interface *asked, struct tapgrant_device *device) {
    struct tapgrant_error error = {.code = TAPGRANT_FAILED, .object = "--fd"};
    int failed;

    if (tapgrant_guest_mac(device) && !asked->given[INTERFACE_KEY_GUEST_MAC]) return refuse_generated(device);
    failed = send_descriptor(socket, tapgrant_fd(device, 0));
    if (!failed) return TAPGRANT_OK;
    snprintf(error.reason, sizeof(error.reason), "the interface cannot be handed over: %s", strerror(-failed));
    return output_text(&error);
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
    if (tapgrant_open(spec, &device, &error)) return output_text(&error);
    code = answer(socket, &interface, device);
    if (code) undo_open(device);
    return code;
}
