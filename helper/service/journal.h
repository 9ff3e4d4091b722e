/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside helper/service: the lines that the parent writes to the host's log. */
#pragma once

#include "helper/service/connections.h"
#include "helper/service/messages.h"

/* A line about the service itself.  Nothing is lost where there is no log but the line. */
void journal_write(int priority, const char *line);

/* The line of a child that serves USER, within that user's bounds. */
void journal_write_report(struct connections *all,
                          unsigned user,
                          const struct child_report *report,
                          int64_t now);
