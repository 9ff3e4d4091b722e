/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside helper/link: what a message says of a link. */
#pragma once

#include <libmnl/libmnl.h>

#include "helper/link/link.h"

/* For message_exchange(): reads one RTM_NEWLINK message into CONTEXT, a struct link. */
int link_parse(const struct nlmsghdr *message, void *context);
