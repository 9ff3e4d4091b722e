/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Of links.c and forwarding.c: the one conversation with rtnetlink that taps_connect() begins. */
#pragma once

#include "helper/link/link.h"

#include <libmnl/libmnl.h>

/*
 * A request of TYPE that begins with BODY; attributes are added to it. It lasts until the next
 * one.
 */
struct nlmsghdr *taps_begin(uint16_t type, uint16_t flags, const void *body, size_t size);

/*
 * Sends it and shows each answer to READ, which may be NULL, up to the last one. MESSAGE has
 * NLM_F_DUMP or NLM_F_ACK, or there is no last one. 0, or the kernel's refusal.
 */
CHECKED int taps_exchange(const struct nlmsghdr *message, mnl_cb_t read, void *context);
