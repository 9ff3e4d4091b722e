/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside helper/link: what the host's own stack does on a tap. */
#pragma once

#include "helper/link/link.h"

/* What link_read() must return for the stack of every tap. */
extern const struct link_stack host_side_of_taps;

/*
 * Writes what no message takes.  WANTED, which is host_side_of_taps, is changed to what link_read()
 * must return then: on a kernel without IPv6 the link has none of its settings.
 */
CHECKED int host_side_switch_ipv6_off(const char *link, struct link_stack *wanted);

/* Adds the other settings to the message that was begun. */
void host_side_put(const struct link_stack *wanted);
