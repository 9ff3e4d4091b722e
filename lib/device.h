/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within the library: what a struct tapgrant_device is. */
#pragma once

#include "conf/interface/interface.h"
#include "lib/error.h"
#include "lib/links/links.h"
#include "lib/tapgrant.h"

#include <stdbool.h>

#define DEVICE_WARNINGS 2

struct tapgrant_device {
    char name[WIRE_NAME], bridge[WIRE_NAME], rule[WIRE_RULE], label[INTERFACE_LABEL];
    uint32_t ifindex, mtu, master; /* master: its bridge's index, 0: none */
    uid_t uid, owner;
    gid_t group;
    uint8_t host_mac[6], guest_mac[6];
    int slot;
    bool managed, existed, vnet_hdr, persist, up, multi_queue;
    bool locked, isolated, guarded; /* of a bridge's port, if it was only looked at */
    unsigned queues;
    int fd[WIRE_QUEUES]; /* -1: taken, or never opened */
    char warning[DEVICE_WARNINGS][128];
};

/* A device with nothing open, or NULL and *ERROR. */
struct tapgrant_device *device_new(struct tapgrant_error *error);

/* What the kernel says of it, but for its bridge's name. */
void device_describe(struct tapgrant_device *device, const struct link *link);

/* Its next warning. */
__attribute__((format(printf, 2, 3))) void device_warn(struct tapgrant_device *device, const char *format, ...);
