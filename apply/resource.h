/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within tapgrant-apply: one definition, or one tap that no definition has; what is to be done
 * about it; and what was done.
 */
#pragma once

#include "apply/holders.h"
#include "apply/links/links.h"
#include "conf/definitions/definitions.h"

#include <sys/types.h>

#define RESOURCE_HOLDERS 4 /* holders that are named; further ones are counted */

/* What may differ: the value of an enum interface_key, or one of these, which have no key. */
enum difference {
    DIFFERENCE_LABEL = INTERFACE_KEYS,
    DIFFERENCE_GROUP,
    DIFFERENCE_PERSIST,
    DIFFERENCE_UP,
    DIFFERENCE_PORT, /* of the port's settings, those that no key is for */
    DIFFERENCE_LINK_GROUP,
    DIFFERENCE_IPV6,
    DIFFERENCE_LINK_TYPE,
    DIFFERENCES
};

/* The same as members of a set. */
enum difference_bit {
    DIFFERS_BRIDGE = 1 << INTERFACE_KEY_BRIDGE,
    DIFFERS_GUEST_MAC = 1 << INTERFACE_KEY_GUEST_MAC,
    DIFFERS_HOST_MAC = 1 << INTERFACE_KEY_HOST_MAC,
    DIFFERS_MTU = 1 << INTERFACE_KEY_MTU,
    DIFFERS_QUEUES = 1 << INTERFACE_KEY_QUEUES,
    DIFFERS_OWNER = 1 << INTERFACE_KEY_OWNER,
    DIFFERS_ISOLATE = 1 << INTERFACE_KEY_ISOLATE,
    DIFFERS_LOCK_MAC = 1 << INTERFACE_KEY_LOCK_MAC,
    DIFFERS_LABEL = 1 << DIFFERENCE_LABEL,
    DIFFERS_GROUP = 1 << DIFFERENCE_GROUP,
    DIFFERS_PERSIST = 1 << DIFFERENCE_PERSIST,
    DIFFERS_UP = 1 << DIFFERENCE_UP,
    DIFFERS_PORT = 1 << DIFFERENCE_PORT,
    DIFFERS_LINK_GROUP = 1 << DIFFERENCE_LINK_GROUP,
    DIFFERS_IPV6 = 1 << DIFFERENCE_IPV6,
    DIFFERS_LINK_TYPE = 1 << DIFFERENCE_LINK_TYPE
};

enum plan_action {
    PLAN_UNCHANGED,
    PLAN_UNMANAGED,
    PLAN_CREATE,
    PLAN_CHANGE,
    PLAN_RECREATE, /* the kernel changes it in no other way, and --force was given */
    PLAN_REMOVE,
    PLAN_REAP,        /* removes a user's leftover */
    PLAN_IN_PROGRESS, /* another run is making it */
    PLAN_FAIL,
    PLAN_ACTIONS
};

/* What the plan costs the holder of the tap. */
enum interruption {
    INTERRUPTION_NONE,
    INTERRUPTION_PAUSED, /* frames are lost for a moment; none of the holder's calls fails */
    INTERRUPTION_DOWN,   /* the holder's writes fail until the bridge exists */
    INTERRUPTION_REMOVED /* the holder is left with a dead descriptor */
};

struct plan {
    enum plan_action action;
    unsigned differences; /* those to be corrected; of enum difference_bit */
    enum interruption interruption;
    uint32_t forward_seconds; /* after a pause, until the bridge's spanning tree lets frames pass */
    bool frees_address; /* the first act is to let go of its guest's address, for another port */

    /* What it is now. */
    struct link_state link;         /* index 0: it does not exist */
    char current_bridge[WIRE_NAME]; /* "": none */
    uint8_t locked_address[6];      /* zeros: none */

    /* What it is to be. */
    struct link bridge;  /* index 0: none */
    uint8_t host_mac[6]; /* zeros: any */
    uint32_t mtu;

    /* Where all of it, or a part, cannot be done. */
    bool names_holders;     /* it is in use, and that is the reason */
    bool bridge_missing;    /* it is on no bridge, and cannot join the declared one */
    bool must_be_down;      /* because its bridge is missing, and it is up */
    enum interface_key key; /* what the reason is about; INTERFACE_KEYS: the whole */
    char reason[256];       /* "": all of it can be done */
    char hint[160];         /* "": none */
};

/* What a tap is after a correction that failed. */
enum resource_left {
    LEFT_AS_IT_WAS,
    LEFT_PARTLY_CHANGED,
    LEFT_DOWN,
    LEFT_PAUSED,
    LEFT_OWNED_BY_ROOT,
    LEFT_REMOVED
};

struct resource {
    const struct definition *definition; /* NULL: a tap that no definition has */
    const char *file;                    /* the definition's, printable */
    uid_t owner;                         /* who is to own it */
    struct plan found;                   /* by the first look */
    struct plan tried;                   /* at the last try, with its reason */
    struct plan plan;                    /* by the last look */
    bool is_planned;                     /* found is set */
    bool is_done;                        /* something was carried out */
    unsigned corrected;                  /* the differences that were corrected */
    bool is_used;        /* looked for only if a holder is interrupted, or in the way */
    size_t holder_count; /* 0: the holder is a process that cannot be seen */
    struct holder holder[RESOURCE_HOLDERS];
    unsigned failed_moves;             /* to another bridge; each costs the holder frames */
    unsigned long paused_at;           /* microseconds of a clock; 0: it is not paused */
    unsigned long paused_microseconds; /* how long it was */
    unsigned waits;                    /* looks at what another run is making, or holds */
    bool is_busy;                      /* its last try met a holder that could not be seen */
    enum resource_left left;
    bool is_final; /* the host refused it, and another try does not change that */
    bool is_removed;
};

struct resources {
    struct resource *resource;
    size_t count;
    size_t room;
    bool is_incomplete; /* a folder, file or definition was not read, so nothing may be removed */
};

struct options {
    bool dry_run;
    bool prune;
    bool reap;
    bool force;
    bool json;
};

/* One more, zeros.  It stays where it is until the next one is added.  NULL: out of memory. */
struct resource *resources_add(struct resources *resources);

/* The name of its tap, which may have any bytes. */
const char *resource_name(const struct resource *resource);

/* NULL: the tap has no tag, and no definition. */
const char *resource_label(const struct resource *resource);

/* The plan becomes PLAN_FAIL, with a reason about KEY and no hint. */
__attribute__((format(printf, 3, 4))) void resource_fail(struct resource *resource,
                                                         enum interface_key key,
                                                         const char *format,
                                                         ...);

__attribute__((format(printf, 2, 3))) void resource_hint(struct resource *resource,
                                                         const char *format,
                                                         ...);

/* After resource_fail(): if ERROR is the host's refusal, it is final, and the hint says why. */
void resource_note_refusal(struct resource *resource, int error);

/* Does the plan make a new tap? */
bool resource_is_made(const struct resource *resource);
