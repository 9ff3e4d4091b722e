/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within doctor: its checks.  Each adds its findings, with the rights of who asks. */
#pragma once

#include "findings.h"

/* Of the host: the tun node, the helper, the kernel, udev. */
void checks_host(struct findings *findings);

/* Of the policy, and of every bridge that it names. */
void checks_policy(struct findings *findings);

/* Of one existing interface. */
void checks_device(struct findings *findings, const char *dev);
