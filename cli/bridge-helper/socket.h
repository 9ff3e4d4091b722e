/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within the bridge helper: the socket that QEMU or libvirt gave, and waits on. */
#pragma once

/*
 * The descriptor that TEXT names: a connected Unix stream socket, whose other end was made by the
 * caller or by root.  -EINVAL: it is none.
 */
__attribute__((warn_unused_result)) int socket_parse(const char *text);

/* Sends one byte and DESCRIPTOR, without waiting.  -errno. */
__attribute__((warn_unused_result)) int socket_send(int socket, int descriptor);
