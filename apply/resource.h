/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within tapgrant-apply: what is to be done about one definition, or about one device that no definition has.
 *
 *   resources_read     definition files -> resources
 *   resource_plan      resources and links -> what each one needs; changes nothing
 *   resources_remove   takes away, many at once
 *   resource_make      creates or corrects one
 *
 * Functions return 0 or a negative errno.
 */
#pragma once

#include "conf/definitions/definitions.h"
#include "apply/holders.h"
#include "apply/links/links.h"
#include "apply/links/tap.h"

#include <sys/types.h>

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

#define HOST_MAC_GENERATED 0xfe /* first octet, as libvirt's: above those of a bridge's other ports */

/*
 * RECREATE  the kernel changes it in no other way, and --force was given
 * REAP    a user's leftover
 * IN_PROGRESS    another run is at it
 */
enum plan_action { PLAN_UNCHANGED, PLAN_UNMANAGED, PLAN_CREATE, PLAN_CHANGE, PLAN_RECREATE, PLAN_REMOVE, PLAN_REAP, PLAN_IN_PROGRESS,
                   PLAN_FAIL };

/*
 * What it costs who uses the device.
 * PAUSED   frames are lost for a moment; no call of its fails
 * DOWN     its writes fail until the bridge is there
 * REMOVED  it is left with a dead descriptor
 */
enum interruption { INTERRUPTION_NONE, INTERRUPTION_PAUSED, INTERRUPTION_DOWN, INTERRUPTION_REMOVED };

struct plan {
    enum plan_action action;
    unsigned differences;
    enum interruption interruption;
    uint32_t forward_seconds;                 /* INTERRUPTION_PAUSED: seconds more, by the bridge's spanning tree */
    bool frees_address;                    /* it lets go of its guest's address first: another one is to have it */
    struct link_state link;                  /* index 0: it does not exist */
    char current_bridge[WIRE_NAME];          /* the bridge that it is on now; "": none */
    uint8_t locked_address[6];                  /* the address it is locked to now; zeros: none */
    /* what it is to be */
    const struct link *bridge;        /* index 0: none */
    uint8_t host_mac[6];              /* zeros: any */
    uint32_t mtu;
    /* PLAN_FAIL */
    bool names_holders;               /* who uses the device is the reason */
    bool bridge_missing;                      /* on no bridge, and cannot be on its own */
    bool must_be_down;                       /* and up: it has to be set down */
    enum interface_key key;           /* what it is about; INTERFACE_KEYS: the whole */
    char reason[256], hint[160];
};

/* What a device is when a correction failed, and could not be put back. */
enum resource_left { LEFT_AS_IT_WAS, LEFT_PARTLY_CHANGED, LEFT_DOWN, LEFT_PAUSED, LEFT_OWNED_BY_ROOT, LEFT_REMOVED };

#define RESOURCE_HOLDERS 4 /* who is named; further ones are counted */

struct resource {
    const struct definition *definition; /* NULL: a device that no definition has */
    const char *file;                    /* its, printable */
    uid_t owner;                         /* the owner, looked up */
    struct plan found, tried, plan;      /* as found; at the last try, with its reason; and now */
    bool is_planned, is_done;                  /* done: something was carried out */
    unsigned corrected;                    /* the differences that are corrected */
    bool is_used;                        /* looked at only where somebody is cut off, or in the way */
    size_t holder_count;                 /* 0: used by a process that cannot be seen */
    struct holder holder[RESOURCE_HOLDERS];
    unsigned failed_moves;               /* each costs its user frames */
    unsigned long paused_at;             /* microseconds of a clock; 0: it is not */
    unsigned long paused_microseconds;      /* for so long it was paused */
    unsigned waits;                     /* looks at what another run is making, or holds */
    bool is_busy;                           /* somebody has it open who may not be seen to */
    enum resource_left left;
    bool is_final;                        /* by the host, which another try does not change */
    bool is_removed;
};

struct resources {
    struct resource *resource;
    size_t count, room;
    bool is_incomplete; /* a folder, file or definition was not read: nothing may be removed for not being declared */
};

struct options {
    bool dry_run, prune, reap, force, json;
};

/* Room for one more, zeros.  NULL: out of memory. */
struct resource *resources_add(struct resources *resources);

/*
 * The folder PATH's *.conf, which only root may be able to write, or the file PATH; to be called for each, then
 * resources_check() for the rules between files.  Faults are said, and set resources->is_incomplete.
 */
CHECKED int resources_read(struct resources *resources, const char *path);
CHECKED int resources_check(struct resources *resources);

/* ITEM's plan by what TAPS are.  First plan_forget_bridges(), which forgets what is known of the bridges. */
void plan_forget_bridges(void);
void resource_plan(struct resource *resource, const struct links *taps, const struct options *options);

/*
 * Of one of ours that is on no bridge, and cannot be on its own: it has to be down, UNTIL ("until
 * then"), which is added to the reason.
 */
void resource_plan_without_bridge(struct resource *resource, const char *until, const struct options *options);

/* The same for a device that is to be removed. */
void resource_plan_removal(struct resource *resource, const struct link_state *tap, const struct options *options);

/* Adds the devices that are to be pruned and reaped. */
CHECKED int resources_plan_removals(struct resources *resources, const struct links *taps, const struct options *options);

/*
 * After all are planned, and still without changing anything: what could not succeed is taken out of
 * the plans, or fails; and who would be cut off is looked for.
 */
void resources_foresee(struct resources *resources, const struct links *taps, const struct options *options);

/* Removes the devices of those resources whose plan is to; where that fails the plan is PLAN_FAIL. */
CHECKED int resources_remove(struct resources *resources, const struct options *options);

/* Lets go of the addresses that others are to be locked to, of those whose plan says so. */
void resources_free_addresses(struct resources *resources);

/*
 * PLAN_CHANGE: corrects the device while it is used.  Each difference by itself: what fails is as it
 * was before.  Returns the error of the first that failed.
 */
CHECKED int resource_correct(struct resource *resource);

/* The address of the device's own that is to be set: the plan's, or a generated one. */
CHECKED int host_mac_choose(const struct resource *resource, uint8_t mac[6]);

/*
 * PLAN_CREATE, PLAN_CHANGE, or a stray one: carries it out.  Where that fails the plan has the reason; who plans again may
 * find it done.
 */
void resource_make(struct resource *resource);

/* Sets the plan to PLAN_FAIL, about KEY. */
__attribute__((format(printf, 3, 4))) void resource_fail(struct resource *resource, enum interface_key key, const char *format, ...);
__attribute__((format(printf, 2, 3))) void resource_hint(struct resource *resource, const char *format, ...);

/* The same, with the reason that ERROR stands for: of helper/link/link.h, or of resource_correct(). */
void resource_explain(struct resource *resource, int error);

/* Behind resource_fail(): where ERROR is the host's refusal, it is final, and the hint says what is missing. */
void resource_note_refusal(struct resource *resource, int error);

const char *resource_name(const struct resource *resource);
