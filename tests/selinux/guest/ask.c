// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ask HELPER DEV [QUEUES]: asks the HELPER itself for a tap, as a hostile caller would: the library looks first whether there
 * is one already.  Says what it answers.  Exit status: 0 granted, the errno of what failed, 100 and the wire_status otherwise.
 */
#include "wire/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char *argv[]) {
    static struct wire_request request = {.magic = WIRE_MAGIC, .version = WIRE_VERSION, .request_size = WIRE_REQUEST_HEADER,
        .interface_size = sizeof(struct wire_interface), .count = 1, .interface = {{.queues = 1, .vnet_hdr = 1}}};
    static struct wire_reply reply;
    struct wire_interface *asked = request.interface;
    int pair[2], status;

    if (argc < 3 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) return 98;
    snprintf(asked->dev, sizeof(asked->dev), "%s", argv[2]);
    if (argc > 3) asked->queues = (uint16_t)atoi(argv[3]);
    if (send(pair[0], &request, WIRE_REQUEST_HEADER + sizeof(*asked), 0) < 0) return 98;
    if (!fork()) {
        dup2(pair[1], STDIN_FILENO);
        execl(argv[1], argv[1], (char *)NULL);
        _exit(97);
    }
    close(pair[1]);
    if (wait(&status) < 0 || recv(pair[0], &reply, sizeof(reply), 0) < (ssize_t)WIRE_REPLY_FIRST)
        return printf("no answer, wait status %#x\n", status), 96;
    printf("status %u, stage %u: %s\n", reply.status, reply.stage, strerror((int)reply.error));
    return reply.error ? (int)reply.error : reply.status ? 100 + (int)reply.status : 0;
}
