/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One interface as its user describes it, tapgrant-interfaces(5): in --net, in a definition file, and in what the
 * library is asked.  Read and validated here, so that a fault is told before anything is opened or executed.
 */
#pragma once

#include "wire/wire.h"

#define INTERFACE_LABEL 33 /* 32 bytes and a NUL */
#define INTERFACE_DEV 128  /* ALTIFNAMSIZ: an unmanaged device may be named by an alternative name */
#define INTERFACE_PATH 512
#define INTERFACE_OWNER 64 /* 63 bytes of a user's name and a NUL */
#define INTERFACE_SPEC 4096 /* bytes: room for every key at its longest, all commas */

/* The keys, in the order in which they are written. */
enum interface_key { INTERFACE_KEY_DEV, INTERFACE_KEY_TYPE, INTERFACE_KEY_MANAGED, INTERFACE_KEY_BRIDGE,
                     INTERFACE_KEY_GUEST_MAC, INTERFACE_KEY_HOST_MAC, INTERFACE_KEY_MTU, INTERFACE_KEY_QUEUES,
                     INTERFACE_KEY_VNET_HDR, INTERFACE_KEY_PERSIST, INTERFACE_KEY_SCRIPT, INTERFACE_KEY_DOWNSCRIPT,
                     INTERFACE_KEY_OWNER, INTERFACE_KEY_ISOLATE, INTERFACE_KEY_LOCK_MAC, INTERFACE_KEYS };

/* Whose description it is: a user's, for the two roads; or the administrator's, for tapgrant-apply(8). */
enum interface_purpose { INTERFACE_USER, INTERFACE_APPLY };

struct interface {
    enum interface_purpose purpose;
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
    char owner[INTERFACE_OWNER];     /* a user's name or id; only of purpose INTERFACE_APPLY, as the next two */
    bool isolate, lock_mac;
};

struct interface_fault {
    char object[INTERFACE_DEV]; /* "--net", or the device's name */
    char reason[640];
    char hint[256];             /* "": none */
    enum interface_key key;     /* that it is about; INTERFACE_KEYS: of none */
};

/* Of type bridge, written or implied. */
bool interface_bridged(const struct interface *interface);

/* The defaults of a user's interface of which nothing is said. */
void interface_init(struct interface *interface);

/* tg and digits, as tapgrant generates them; with LIBVIRTS also libvirt's vnet..., macvtap..., macvlan... */
bool interface_generated(const char *dev, bool libvirts);

/* Takes a generated name from a managed interface, as for a saved definition; an unmanaged one's is its user's own. */
void interface_drop_generated(struct interface *interface, bool libvirts);

/* Sets one key.  -EINVAL: *FAULT says why. */
CHECKED int interface_set(struct interface *interface, const char *key, const char *value,
                          struct interface_fault *fault);

/* The rules between keys, once all are set: the first that is broken.  -EINVAL. */
CHECKED int interface_check(const struct interface *interface, struct interface_fault *fault);

/* The same for the rules from *RULE on, which is then the one behind: from 0, as often as there are faults. */
CHECKED int interface_check_next(const struct interface *interface, unsigned *rule, struct interface_fault *fault);

/* key=value,key=value..., a comma in a value doubled; init, set and check in one.  -EINVAL. */
CHECKED int interface_parse(struct interface *interface, const char *spec, struct interface_fault *fault);

const char *interface_key_name(enum interface_key key);

/* The value of a key that was given, in its canonical form: as interface_set() takes it. */
const char *interface_value(const struct interface *interface, enum interface_key key, char value[INTERFACE_PATH]);

/* The keys given as key=value,..., commas doubled: what interface_parse() takes. */
const char *interface_format(const struct interface *interface, char spec[INTERFACE_SPEC]);

/* What the helper is asked for a managed interface. */
void interface_to_wire(const struct interface *interface, struct wire_interface *wire);

/* TEXT with every byte that is not printable ASCII as \xHH, cut to SIZE: what may be shown on a terminal. */
const char *interface_printable(const char *text, char *out, size_t size);
