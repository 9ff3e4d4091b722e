/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within apply/links: rtnetlink's messages as values. */
#pragma once

#include "apply/links/links.h"
#include "apply/links/netlink.h"

/* RTM_NEWLINK. */
void parse_link(const struct nlmsghdr *message, struct link_state *link);

/* RTM_NEWNEIGH of a bridge's table.  False: the entry locks no port to an address. */
bool parse_locked_address(const struct nlmsghdr *message, struct locked_address *locked);
