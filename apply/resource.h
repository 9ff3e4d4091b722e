/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within tapgrant-apply: what is to be done about one definition, or about one device that no definition has.
 *
 *   items_read     definition files -> items
 *   item_plan      items and links -> what each one needs; changes nothing
 *   items_remove   takes away, many at once
 *   item_make      creates or corrects one
 *
 * Functions return 0 or a negative errno.
 */
#pragma once

#include "conf/definitions/definitions.h"
#include "apply/holders.h"
#include "apply/links/links.h"
#include "apply/links/tap.h"

#include <sys/types.h>

/* What may differ: an interface_key, or what no key is for; in a set each is the bit of its number. */
enum { PLAN_LABEL = INTERFACE_KEYS, PLAN_GROUP, PLAN_PERSIST, PLAN_UP, PLAN_PORT, PLAN_LINK_GROUP, PLAN_IPV6,
       PLAN_LINK_TYPE, PLAN_DIFFERENCES };
#define PLAN_BIT(difference) (1u << (difference))
#define GENERATED_MAC 0xfe /* first octet, as libvirt's: above those of a bridge's other ports */

/*
 * REMAKE  the kernel changes it in no other way, and --force was given
 * REAP    a user's leftover
 * WAIT    another run is at it
 */
enum plan_action { PLAN_UNCHANGED, PLAN_UNMANAGED, PLAN_CREATE, PLAN_CHANGE, PLAN_REMAKE, PLAN_REMOVE, PLAN_REAP, PLAN_WAIT,
                   PLAN_FAIL };

/*
 * What it costs who uses the device.
 * PAUSED   frames are lost for a moment; no call of its fails
 * DOWN     its writes fail until the bridge is there
 * REMOVED  it is left with a dead descriptor
 */
enum plan_cut { CUT_NOTHING, CUT_PAUSED, CUT_DOWN, CUT_REMOVED };

struct plan {
    enum plan_action action;
    unsigned differences;
    enum plan_cut cut;
    uint32_t listens;                 /* CUT_PAUSED: seconds more, by the bridge's spanning tree */
    bool releases;                    /* it lets go of its guest's address first: another one is to have it */
    struct link_state now;                   /* index 0: it does not exist */
    char port_of[WIRE_NAME];          /* the bridge that it is on now; "": none */
    uint8_t tied[6];                  /* the address it is locked to now; zeros: none */
    /* what it is to be */
    const struct link *bridge;        /* index 0: none */
    uint8_t host_mac[6];              /* zeros: any */
    uint32_t mtu;
    /* PLAN_FAIL */
    bool names_holders;               /* who uses the device is the reason */
    bool astray;                      /* on no bridge, and cannot be on its own */
    bool stray;                       /* and up: it has to be set down */
    enum interface_key key;           /* what it is about; INTERFACE_KEYS: the whole */
    char reason[256], hint[160];
};

/* What a device is when a correction failed, and could not be put back. */
enum item_left { LEFT_AS_IT_WAS, LEFT_PARTLY, LEFT_DOWN, LEFT_PAUSED, LEFT_ROOTS, LEFT_REMOVED };

#define ITEM_HOLDERS 4 /* who is named; further ones are counted */

struct item {
    const struct definition *definition; /* NULL: a device that no definition has */
    const char *file;                    /* its, printable */
    uid_t uid;                           /* the owner, looked up */
    struct plan first, tried, plan;      /* as found; at the last try, with its reason; and now */
    bool planned, done;                  /* done: something was carried out */
    unsigned changed;                    /* the differences that are corrected */
    bool is_used;                        /* looked at only where somebody is cut off, or in the way */
    size_t holder_count;                 /* 0: used by a process that cannot be seen */
    struct holder holder[ITEM_HOLDERS];
    unsigned failed_moves;               /* each costs its user frames */
    unsigned long paused_at;             /* microseconds of a clock; 0: it is not */
    unsigned long cut_microseconds;      /* for so long it was paused */
    unsigned waited;                     /* looks at what another run is making, or holds */
    bool busy;                           /* somebody has it open who may not be seen to */
    enum item_left left;
    bool refused;                        /* by the host, which another try does not change */
    bool removed;
};

struct items {
    struct item *item;
    size_t count, room;
    bool faulty; /* a folder, file or definition was not read: nothing may be removed for not being declared */
};

struct options {
    bool dry_run, prune, reap, force, json;
};

/* Room for one more, zeros.  NULL: out of memory. */
struct item *items_add(struct items *items);

/*
 * The folder PATH's *.conf, which only root may be able to write, or the file PATH; to be called for each, then
 * items_check() for the rules between files.  Faults are said, and set items->faulty.
 */
CHECKED int items_read(struct items *items, const char *path);
CHECKED int items_check(struct items *items);

/* ITEM's plan by what TAPS are.  First items_plan_begin(), which forgets what is known of the bridges. */
void items_plan_begin(void);
void item_plan(struct item *item, const struct links *taps, const struct options *options);

/*
 * Of one of ours that is on no bridge, and cannot be on its own: it has to be down, UNTIL ("until
 * then"), which is added to the reason.
 */
void item_set_astray(struct item *item, const char *until, const struct options *options);

/* The same for a device that is to be removed. */
void item_plan_removal(struct item *item, const struct link_state *tap, const struct options *options);

/* Adds the devices that are to be pruned and reaped. */
CHECKED int items_plan_removals(struct items *items, const struct links *taps, const struct options *options);

/*
 * After all are planned, and still without changing anything: what could not succeed is taken out of
 * the plans, or fails; and who would be cut off is looked for.
 */
void items_foresee(struct items *items, const struct links *taps, const struct options *options);

/* Removes the devices of those items whose plan is to; where that fails the plan is PLAN_FAIL. */
CHECKED int items_remove(struct items *items, const struct options *options);

/* Lets go of the addresses that others are to be locked to, of those whose plan says so. */
void items_release(struct items *items);

/*
 * PLAN_CHANGE: corrects the device while it is used.  Each difference by itself: what fails is as it
 * was before.  Returns the error of the first that failed.
 */
CHECKED int item_correct(struct item *item);

/* The address of the device's own that is to be set: the plan's, or a generated one. */
CHECKED int item_choose_mac(const struct item *item, uint8_t mac[6]);

/*
 * PLAN_CREATE, PLAN_CHANGE, or a stray one: carries it out.  Where that fails the plan has the reason; who plans again may
 * find it done.
 */
void item_make(struct item *item);

/* Sets the plan to PLAN_FAIL, about KEY. */
__attribute__((format(printf, 3, 4))) void item_fail(struct item *item, enum interface_key key, const char *format, ...);
__attribute__((format(printf, 2, 3))) void item_hint(struct item *item, const char *format, ...);

/* The same, with the reason that ERROR stands for: of helper/link/link.h, or of item_correct(). */
void item_explain(struct item *item, int error);

/* Behind item_fail(): where ERROR is the host's refusal, it is final, and the hint says what is missing. */
void item_refuse(struct item *item, int error);

const char *item_dev(const struct item *item);
