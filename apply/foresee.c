// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What can be known of the plans before anything is changed: what could not succeed, because
 * another port has the address or the bridge is full; and who would be cut off. A plan that gives
 * an address up makes room for another's.
 */
#include "apply/links/forwarding.h"
#include "apply/steps.h"

#define BRIDGE_PORTS 1023 /* net/bridge/br_private.h, BR_MAX_PORTS, of which 0 is none */

#define BIT(key) PLAN_BIT(INTERFACE_KEY_##key)

static bool is_made(const struct item *item) {
    return item->plan.action == PLAN_CREATE || item->plan.action == PLAN_REMAKE;
}

/* Is there anything in the plan to carry out on the bridge? */
static bool is_planned(const struct item *item, unsigned differences) {
    if (item->refused || !item->definition || !item->plan.bridge || !item->plan.bridge->index) {
        return false;
    }
    if (is_made(item)) {
        return true;
    }
    return item->plan.action == PLAN_CHANGE && item->plan.differences & differences;
}

/*
 * Takes the differences out of the plan, with ERROR as the reason, and HOLDER (NULL: none) as the
 * one that is in the way; the first reason stays. A port's are its bridge's: what cannot be one
 * becomes none of the rest either.
 */
static void give_up(struct item *item, unsigned differences, int error, const struct link_state *holder,
                    const struct options *options) {
    bool is_new = is_made(item), is_first = !item->plan.reason[0];
    bool stays_off = item->plan.differences & BIT(BRIDGE);
    char name[WIRE_NAME * 4 + 1];

    if (!tap_is_running(&item->plan.now)) { /* what is not complete stays down */
        differences |= PLAN_BIT(PLAN_UP);
    }
    item->plan.differences &= stays_off ? 0 : ~differences;
    item->plan.releases = false;
    if (is_first) {
        item_explain(item, error);
    }
    if (is_first && holder) {
        interface_printable(holder->name, name, sizeof(name));
        item_hint(item, "%s has it: bridge fdb show br %s", name,
                  item->definition->interface.bridge);
    }
    item->plan.action = is_new || !item->plan.differences ? PLAN_FAIL : PLAN_CHANGE;
    if (stays_off) {
        item_set_astray(item, "until then", options);
    }
}

static struct item *find_item(struct items *items, uint32_t index) {
    for (size_t i = 0; i < items->count; i++) {
        if (items->item[i].plan.now.index == index) {
            return &items->item[i];
        }
    }
    return NULL;
}

/* A generated address that is a guest's: it happens to be, or its holder made it so. */
static void plan_another_mac(struct item *holder) {
    struct plan *plan = &holder->plan;

    if (!plan->bridge || !wire_mac_absent(plan->host_mac)) {
        return;
    }
    if (plan->action == PLAN_UNCHANGED || plan->action == PLAN_CHANGE) {
        plan->differences |= BIT(HOST_MAC);
        plan->action = PLAN_CHANGE;
    }
}

/*
 * Has the plan of HOLDER, which has MAC as CLAIM says, give it up, if it may. False: it keeps it.
 */
static bool plan_release(struct item *holder, const uint8_t mac[6], enum address_use claim) {
    struct plan *plan = &holder->plan;
    unsigned needed = BIT(GUEST_MAC) | BIT(LOCK_MAC) | BIT(BRIDGE);

    if (plan->action == PLAN_REMOVE || plan->action == PLAN_REAP || plan->action == PLAN_REMAKE) {
        return true;
    }
    if (!holder->definition || !tap_label(&plan->now)) {
        return false;
    }
    if (claim == ADDRESS_OWN && !memcmp(plan->now.mac, mac, 6)) {
        plan_another_mac(holder);
        needed = BIT(HOST_MAC) | BIT(BRIDGE);
    } else if (claim != ADDRESS_OF_GUEST) {
        return false;
    }
    if (plan->action != PLAN_CHANGE || !(plan->differences & needed)) {
        return false;
    }
    plan->releases = claim == ADDRESS_OF_GUEST && !(plan->differences & BIT(BRIDGE));
    return true;
}

/* The address that a guest is to be locked to. */
static void foresee_guest_mac(struct item *item, struct items *items, const struct links *taps,
                              const struct options *options) {
    const unsigned needed = BIT(GUEST_MAC) | BIT(LOCK_MAC) | BIT(BRIDGE);
    const struct interface *interface;
    enum address_use claim;
    struct item *holder;
    uint32_t index;
    int error;

    if (!is_planned(item, needed)) {
        return;
    }
    interface = &item->definition->interface;
    if (!interface->lock_mac) {
        return;
    }
    error = forwarding_find(item->plan.bridge, interface->guest_mac, &claim, &index);
    /* an error shows again when it is carried out */
    if (error || (claim != ADDRESS_OF_GUEST && claim != ADDRESS_OWN)) {
        return;
    }
    if (claim == ADDRESS_OF_GUEST && index == item->plan.now.index) {
        return;
    }
    holder = find_item(items, index);
    if (holder && plan_release(holder, interface->guest_mac, claim)) {
        return;
    }
    give_up(item, needed, -EADDRINUSE, links_with_index(taps, index), options);
}

/* The device's own. */
static void foresee_host_mac(struct item *item, struct items *items, const struct links *taps,
                             const struct options *options) {
    const uint8_t *mac = item->plan.host_mac;
    enum address_use claim;
    struct item *holder;
    uint32_t index;
    int error;

    if (wire_mac_absent(mac) || !is_planned(item, BIT(HOST_MAC) | BIT(BRIDGE))) {
        return;
    }
    error = forwarding_find(item->plan.bridge, mac, &claim, &index);
    if (error || claim == ADDRESS_FREE || claim == ADDRESS_OWN || index == item->plan.now.index) {
        return;
    }
    holder = find_item(items, index);
    if (holder && plan_release(holder, mac, claim)) {
        return;
    }
    give_up(item, BIT(HOST_MAC), -EADDRNOTAVAIL, links_with_index(taps, index), options);
}

static void foresee_room(struct item *item, const struct links *taps,
                         const struct options *options) {
    if (is_made(item) || !is_planned(item, BIT(BRIDGE))) {
        return;
    }
    if (links_count_ports(taps, item->plan.bridge->index) >= BRIDGE_PORTS) {
        give_up(item, BIT(BRIDGE), -EXFULL, NULL, options);
    }
}

static enum plan_cut cut_of(const struct item *item, const struct options *options) {
    const struct plan *plan = &item->plan;

    if (plan->astray) {
        return CUT_DOWN;
    }
    if (plan->action == PLAN_REMAKE || (plan->action == PLAN_REMOVE && options->force)) {
        return CUT_REMOVED;
    }
    if (plan->action != PLAN_CHANGE || !tap_is_running(&plan->now)) {
        return CUT_NOTHING;
    }
    if (plan->differences & BIT(BRIDGE)) {
        return CUT_PAUSED;
    }
    if (plan->differences & BIT(MTU) && item_brings_ipv6(item)) {
        return CUT_PAUSED;
    }
    return CUT_NOTHING;
}

static void foresee_cut(struct item *item, const struct links *taps, const struct options *options) {
    const struct link_state *bridge = NULL;

    item->plan.cut = cut_of(item, options);
    if (item->plan.cut == CUT_PAUSED && item->plan.bridge->index) {
        bridge = links_with_index(taps, item->plan.bridge->index);
    }
    if (bridge) {
        item->plan.listens = bridge->forward_seconds;
    }
}

/* Looked for before, because afterwards a dead descriptor shows nothing. */
static void find_holders(struct items *items) {
    struct holders holders = {0};
    bool is_read = false;

    for (size_t i = 0; i < items->count; i++) {
        struct item *item = &items->item[i];

        if ((item->plan.cut == CUT_NOTHING && !item->plan.names_holders) || item->is_used) {
            continue;
        }
        if (!is_read) {
            holders_read(&holders);
        }
        is_read = true;
        item->holder_count = holders_of(&holders, item->plan.now.name, item->holder, ITEM_HOLDERS);
        /* one that hides by its carrier may be seen all the same */
        item->is_used = item->holder_count || tap_is_in_use(&item->plan.now);
    }
    holders_free(&holders);
}

void items_foresee(struct items *items, const struct links *taps, const struct options *options) {
    for (size_t i = 0; i < items->count; i++) {
        foresee_room(&items->item[i], taps, options);
    }
    for (size_t i = 0; i < items->count; i++) {
        foresee_host_mac(&items->item[i], items, taps, options);
    }
    for (size_t i = 0; i < items->count; i++) {
        foresee_guest_mac(&items->item[i], items, taps, options);
    }
    for (size_t i = 0; i < items->count; i++) {
        foresee_cut(&items->item[i], taps, options);
    }
    find_holders(items);
}

void items_release(struct items *items) {
    for (size_t i = 0; i < items->count; i++) {
        const struct item *item = &items->item[i];

        if (item->plan.releases && item->plan.action == PLAN_CHANGE) {
            /* what fails shows when the other one is to be locked to it */
            (void)!forwarding_unlock(item->plan.now.index, item->definition->interface.guest_mac);
        }
    }
}
