/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One interface as its user describes it, tapgrant-interfaces(5): in --net, in a definition file, and in what the
 * library is asked.  Read and validated here, so that a fault is told before anything is opened or executed.
 */
#pragma once

#include "wire.h"

#define INTERFACE_LABEL 33 /* 32 bytes and a NUL */
#define INTERFACE_DEV 128  /* ALTIFNAMSIZ: an unmanaged device may be named by an alternative name */
#define INTERFACE_PATH 512

/* The keys, in the order in which they are written. */
enum interface_key { INTERFACE_KEY_DEV, INTERFACE_KEY_TYPE, INTERFACE_KEY_MANAGED, INTERFACE_KEY_BRIDGE,
                     INTERFACE_KEY_GUEST_MAC, INTERFACE_KEY_HOST_MAC, INTERFACE_KEY_MTU, INTERFACE_KEY_QUEUES,
                     INTERFACE_KEY_VNET_HDR, INTERFACE_KEY_PERSIST, INTERFACE_KEY_SCRIPT, INTERFACE_KEY_DOWNSCRIPT,
                     INTERFACE_KEYS };

struct interface {
    char label[INTERFACE_LABEL];     /* "": none (from --net) */
    bool given[INTERFACE_KEYS];      /* the keys that were written */
    char dev[INTERFACE_DEV];         /* "": to be generated */
    enum { INTERFACE_IMPLIED, INTERFACE_ETHERNET, INTERFACE_BRIDGE } type; /* as written */
    bool managed;                    /* yes where absent */
    char bridge[WIRE_NAME];          /* "": none */
    uint8_t guest_mac[6], host_mac[6]; /* zeros: not given */
    uint32_t mtu;                    /* bytes; 0: not given */
    uint16_t queues;                 /* 1 where absent */
    bool vnet_hdr, persist;
    char script[INTERFACE_PATH], downscript[INTERFACE_PATH]; /* "": none */
};

struct interface_fault {
    char object[INTERFACE_DEV]; /* "--net", or the device's name */
    char reason[640];
    char hint[256];             /* "": none */
};

/* Of type bridge, written or implied. */
bool interface_bridged(const struct interface *interface);

/* The defaults of an interface of which nothing is said. */
void interface_init(struct interface *interface);

/* Sets one key.  -EINVAL: *FAULT says why. */
CHECKED int interface_set(struct interface *interface, const char *key, const char *value,
                          struct interface_fault *fault);

/* The rules between keys, once all are set.  -EINVAL. */
CHECKED int interface_check(const struct interface *interface, struct interface_fault *fault);

/* key=value,key=value..., a comma in a value doubled; init, set and check in one.  -EINVAL. */
CHECKED int interface_parse(struct interface *interface, const char *spec, struct interface_fault *fault);

/* What the helper is asked for a managed interface. */
void interface_to_wire(const struct interface *interface, struct wire_interface *wire);

/* TEXT with every byte that is not printable ASCII as \xHH, cut to SIZE: what may be shown on a terminal. */
const char *interface_printable(const char *text, char *out, size_t size);
