/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One interface as its user describes it, tapgrant-interfaces(5): in --net, in a definition file,
 * and in the calls of the library.  It is read and checked here, so that a fault is told before
 * anything is opened or executed.
 */
#pragma once

#include "wire/wire.h"

#define INTERFACE_LABEL WIRE_WORD
#define INTERFACE_DEV 128   /* ALTIFNAMSIZ: an unmanaged device may have an alternative name */
#define INTERFACE_PATH 512  /* 511 bytes and a NUL */
#define INTERFACE_OWNER 64  /* 63 bytes of a user's name and a NUL */
#define INTERFACE_SPEC 4096 /* room for every key at its longest, all commas */

/* The keys, in the order in which they are written. */
enum interface_key {
    INTERFACE_KEY_DEV,
    INTERFACE_KEY_TYPE,
    INTERFACE_KEY_MANAGED,
    INTERFACE_KEY_BRIDGE,
    INTERFACE_KEY_GUEST_MAC,
    INTERFACE_KEY_HOST_MAC,
    INTERFACE_KEY_MTU,
    INTERFACE_KEY_QUEUES,
    INTERFACE_KEY_NETNS,
    INTERFACE_KEY_VNET_HDR,
    INTERFACE_KEY_PERSIST,
    INTERFACE_KEY_SCRIPT,
    INTERFACE_KEY_DOWNSCRIPT,
    INTERFACE_KEY_OWNER, /* from here on only in definitions for tapgrant-apply(8) */
    INTERFACE_KEY_ISOLATE,
    INTERFACE_KEY_LOCK_MAC,
    INTERFACE_KEYS
};

/* Who describes the interface. */
enum interface_purpose {
    INTERFACE_USER, /* the caller, who wants to open it */
    INTERFACE_APPLY /* the administrator, for tapgrant-apply(8) */
};

enum interface_type {
    INTERFACE_IMPLIED, /* not given: it follows from bridge */
    INTERFACE_ETHERNET,
    INTERFACE_BRIDGE
};

struct interface {
    enum interface_purpose purpose;
    char label[INTERFACE_LABEL]; /* "": none, as in --net */
    bool given[INTERFACE_KEYS];  /* the keys that were written */
    char dev[INTERFACE_DEV];     /* "": to be generated */
    enum interface_type type;
    bool managed;           /* yes where absent */
    char bridge[WIRE_NAME]; /* "": none */
    uint8_t guest_mac[6];   /* zeros: not given, as the next one */
    uint8_t host_mac[6];
    uint32_t mtu;    /* bytes; 0: not given */
    uint16_t queues; /* 1 where absent */
    bool host_netns; /* the service's network namespace, not the caller's own */
    bool vnet_hdr;   /* yes where absent */
    bool persist;
    char script[INTERFACE_PATH]; /* "": none, as the next one */
    char downscript[INTERFACE_PATH];
    char owner[INTERFACE_OWNER]; /* a user's name or id */
    bool isolate;
    bool lock_mac;
};

struct interface_fault {
    char object[INTERFACE_DEV]; /* "--net", or the device's name */
    char reason[640];
    char hint[256];         /* "": none */
    enum interface_key key; /* that it is about; INTERFACE_KEYS: of none */
};

/* Is it of type bridge, written or implied? */
bool interface_bridged(const struct interface *interface);

/* The defaults: a user's interface of which nothing is said. */
void interface_init(struct interface *interface);

/*
 * Takes a generated name from a managed interface, as for a saved definition: tg and digits, and
 * with LIBVIRTS also vnet..., macvtap..., macvlan...  An unmanaged interface keeps its name, which
 * is the user's own.
 */
void interface_drop_generated(struct interface *interface, bool libvirts);

/* Sets one key.  -EINVAL: *FAULT says why. */
CHECKED int interface_set(struct interface *interface,
                          const char *key,
                          const char *value,
                          struct interface_fault *fault);

/* The rules between keys, once all are set.  -EINVAL: *FAULT has the first that is broken. */
CHECKED int interface_check(const struct interface *interface, struct interface_fault *fault);

/*
 * The same for the rules from number *RULE on, which is then the number behind the broken one:
 * from 0, until the result is 0, it finds all that are broken.
 */
CHECKED int interface_check_next(const struct interface *interface,
                                 unsigned *rule,
                                 struct interface_fault *fault);

/*
 * Reads SPEC, key=value,key=value with each comma of a value doubled, into *INTERFACE, and checks
 * it.  -EINVAL: *FAULT has the first fault.
 */
CHECKED int interface_parse(struct interface *interface,
                            const char *spec,
                            struct interface_fault *fault);

const char *interface_key_name(enum interface_key key);

/* The value of a key that was given, as interface_set() takes it, in its canonical form. */
const char *interface_value(const struct interface *interface,
                            enum interface_key key,
                            char value[INTERFACE_PATH]);

/* The keys given, into SPEC, which it returns: what interface_parse() takes. */
const char *interface_format(const struct interface *interface, char spec[INTERFACE_SPEC]);

/* What the helper is asked for a managed interface. */
void interface_to_wire(const struct interface *interface, struct wire_interface *wire);

/* The same as text_printable(), wire/text.h. */
const char *interface_printable(const char *text, char *out, size_t size);
