/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within the folder: how a fault is worded.  Both functions return -EINVAL. */
#pragma once

#include "conf/interface/interface.h"

__attribute__((format(printf, 2, 3))) int fault_refuse(struct interface_fault *fault,
                                                       const char *format,
                                                       ...);

/* VALUE is none of those that FAULT's key can have, which the fault lists. */
int fault_refuse_value(struct interface_fault *fault, const char *value);
