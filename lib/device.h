/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within the library: what a struct tapgrant_device is, and how errors are said. */
#pragma once

#include "conf/interface/interface.h"
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

/* Both return CODE; ERROR may be NULL.  error_hint() adds to what error_set() has said. */
__attribute__((format(printf, 4, 5))) int error_set(struct tapgrant_error *error, int code, const char *object,
                                                    const char *reason, ...);
__attribute__((format(printf, 2, 3))) void error_hint(struct tapgrant_error *error, const char *hint, ...);

/*
 * Does ERRNUM, of a system call of ours, say that this process or its host lacks descriptors or
 * memory?  Then it says nothing of the device that the call was for.
 */
bool error_is_lack(int errnum);

/* CALL, as "socketpair(2)", said ERRNUM; a hint where it is a lack.  Returns TAPGRANT_FAILED. */
int error_call(struct tapgrant_error *error, const char *call, int errnum);

/* The same of rtnetlink(7), which was asked about OBJECT, as "interface NAME". */
int error_lookup(struct tapgrant_error *error, const char *object, int errnum);

/* Adds a piece to TEXT of SIZE bytes, behind a semicolon if it is not the first; what does not fit is left out. */
__attribute__((format(printf, 3, 4))) void error_add(char *text, size_t size, const char *format, ...);

/* "interface NAME", or where it has none "bridge NAME" or "interface". */
const char *error_object(const struct interface *interface, char object[INTERFACE_DEV + 16]);
