/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside helper/link: the two SELinux domains of the helper, selinux/tapgrant.te. */
#pragma once

/*
 * The domain that attaches further queues to its own tap, and makes none.  The result is a
 * descriptor, or -1: it keeps a place for selinux_leave_attaching(), so that queues up to the limit
 * of open files do not keep the process in this domain.
 */
int selinux_enter_attaching(void);

/* Back to the domain that makes taps, and attaches to none. */
void selinux_leave_attaching(int place);
