/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Inside helper/link: one rtnetlink(7) message at a time, and its answer.
 *
 * A process has one conversation with the kernel, so the socket, the sequence and both buffers are
 * the file's own.  The socket must not be shared with another process: the answers would be mixed.
 * A message is begun, filled and exchanged; message_exchange() says whether all of it had room.
 */
#pragma once

#include <libmnl/libmnl.h>

#include "wire/wire.h"

/* BODY is the message's fixed part: of SIZE bytes. */
void message_begin(uint16_t type, uint16_t flags, const void *body, size_t size);

/*
 * A message about the link INDEX: of FAMILY AF_UNSPEC, or AF_BRIDGE for its settings as a port.
 * CHANGE: IFF_UP, to set it up, or 0.
 */
void message_begin_link(uint16_t type,
                        uint16_t flags,
                        uint8_t family,
                        uint32_t index,
                        unsigned change);

void message_put(uint16_t type, const void *data, size_t size);

/* The attributes between the two are inside TYPE. */
struct nlattr *message_begin_nest(uint16_t type);
void message_end_nest(struct nlattr *nest);

/*
 * Sends the message and shows each answer to READ, which may be NULL, up to the acknowledgement.
 * The kernel's refusal; -EMSGSIZE: a message was too large.
 */
CHECKED int message_exchange(mnl_cb_t read, void *context);
