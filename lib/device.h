/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within the library: what a struct tapgrant_device is. */
#pragma once

#include "conf/interface/interface.h"
#include "lib/links/links.h"
#include "lib/tapgrant.h"

#include <stdbool.h>

#define DEVICE_WARNINGS 2

/* The fields are what the public functions of the same names return. */
struct tapgrant_device {
    char name[WIRE_NAME];
    char bridge[WIRE_NAME];      /* "": none */
    char rule[WIRE_RULE];        /* "": none */
    char label[INTERFACE_LABEL]; /* "": none */
    uint32_t ifindex;
    uint32_t mtu;
    uint32_t master; /* its bridge's index; 0: none */
    uid_t uid;
    uid_t owner;
    gid_t group;
    uint8_t host_mac[6];
    uint8_t guest_mac[6]; /* zeros: not known */
    int slot;
    bool managed;
    bool existed;
    bool other_netns; /* what is known of it is of another network namespace than the process's */
    bool vnet_hdr;
    bool persist;
    bool up;
    bool multi_queue;
    bool locked; /* this and the next two: of a bridge's port that was only looked at */
    bool isolated;
    bool guarded;
    unsigned queues;
    int fd[WIRE_QUEUES]; /* -1: taken, or never opened */
    char warning[DEVICE_WARNINGS][128];
};

/* A device with nothing open, for tapgrant_close(3).  NULL: out of memory. */
struct tapgrant_device *device_new(void);

/* Fills in what the kernel says about the link, except the bridge's name. */
void device_describe(struct tapgrant_device *device, const struct link *link);

/* Adds a warning.  What is more than DEVICE_WARNINGS is left out. */
__attribute__((format(printf, 2, 3))) void device_warn(struct tapgrant_device *device,
                                                       const char *format,
                                                       ...);
