// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What can be known of the plans before anything is changed: what could not succeed, because
 * another port has the address or the bridge is full; and who would be cut off. A plan that gives
 * an address up makes room for another's.
 */
#include "apply/explain.h"
#include "apply/links/tap.h"
#include "apply/links/forwarding.h"
#include "apply/steps.h"

#define BRIDGE_PORTS 1023 /* net/bridge/br_private.h, BR_MAX_PORTS, of which 0 is none */



static bool is_made(const struct resource *resource) {
    return resource->plan.action == PLAN_CREATE || resource->plan.action == PLAN_RECREATE;
}

/* Is there anything in the plan to carry out on the bridge? */
static bool is_planned(const struct resource *resource, unsigned differences) {
    if (resource->is_final || !resource->definition || !resource->plan.bridge.index) {
        return false;
    }
    if (is_made(resource)) {
        return true;
    }
    return resource->plan.action == PLAN_CHANGE && resource->plan.differences & differences;
}

/*
 * Takes the differences out of the plan, with ERROR as the reason, and HOLDER (NULL: none) as the
 * one that is in the way; the first reason stays. A port's are its bridge's: what cannot be one
 * becomes none of the rest either.
 */
static void give_up(struct resource *resource, unsigned differences, int error, const struct link_state *holder,
                    const struct options *options) {
    bool is_new = is_made(resource), is_first = !resource->plan.reason[0];
    bool stays_off = resource->plan.differences & DIFFERS_BRIDGE;
    char name[WIRE_NAME * 4 + 1];

    if (!tap_is_running(&resource->plan.link)) { /* what is not complete stays down */
        differences |= DIFFERS_UP;
    }
    resource->plan.differences &= stays_off ? 0 : ~differences;
    resource->plan.frees_address = false;
    if (is_first) {
        resource_explain(resource, error);
    }
    if (is_first && holder) {
        interface_printable(holder->name, name, sizeof(name));
        resource_hint(resource, "%s has it: bridge fdb show br %s", name,
                  resource->definition->interface.bridge);
    }
    resource->plan.action = is_new || !resource->plan.differences ? PLAN_FAIL : PLAN_CHANGE;
    if (stays_off) {
        resource_plan_without_bridge(resource, "until then", options);
    }
}

static struct resource *find_resource(struct resources *resources, uint32_t index) {
    for (size_t i = 0; i < resources->count; i++) {
        if (resources->resource[i].plan.link.index == index) {
            return &resources->resource[i];
        }
    }
    return NULL;
}

/* A generated address that is a guest's: it happens to be, or its holder made it so. */
static void plan_another_mac(struct resource *holder) {
    struct plan *plan = &holder->plan;

    if (!wire_mac_absent(plan->host_mac)) {
        return;
    }
    if (plan->action == PLAN_UNCHANGED || plan->action == PLAN_CHANGE) {
        plan->differences |= DIFFERS_HOST_MAC;
        plan->action = PLAN_CHANGE;
    }
}

/*
 * Has the plan of HOLDER, which has MAC as CLAIM says, give it up, if it may. False: it keeps it.
 */
static bool plan_release(struct resource *holder, const uint8_t mac[6], enum address_use claim) {
    struct plan *plan = &holder->plan;
    unsigned needed = DIFFERS_GUEST_MAC | DIFFERS_LOCK_MAC | DIFFERS_BRIDGE;

    if (plan->action == PLAN_REMOVE || plan->action == PLAN_REAP || plan->action == PLAN_RECREATE) {
        return true;
    }
    if (!holder->definition || !tap_label(&plan->link)) {
        return false;
    }
    if (claim == ADDRESS_OWN && !memcmp(plan->link.mac, mac, 6)) {
        plan_another_mac(holder);
        needed = DIFFERS_HOST_MAC | DIFFERS_BRIDGE;
    } else if (claim != ADDRESS_OF_GUEST) {
        return false;
    }
    if (plan->action != PLAN_CHANGE || !(plan->differences & needed)) {
        return false;
    }
    plan->frees_address = claim == ADDRESS_OF_GUEST && !(plan->differences & DIFFERS_BRIDGE);
    return true;
}

/* The address that a guest is to be locked to. */
static void foresee_guest_mac(struct resource *resource, struct resources *resources, const struct links *taps,
                              const struct options *options) {
    const unsigned needed = DIFFERS_GUEST_MAC | DIFFERS_LOCK_MAC | DIFFERS_BRIDGE;
    const struct interface *interface;
    enum address_use claim;
    struct resource *holder;
    uint32_t index;
    int error;

    if (!is_planned(resource, needed)) {
        return;
    }
    interface = &resource->definition->interface;
    if (!interface->lock_mac) {
        return;
    }
    error = forwarding_find(&resource->plan.bridge, interface->guest_mac, &claim, &index);
    /* an error shows again when it is carried out */
    if (error || (claim != ADDRESS_OF_GUEST && claim != ADDRESS_OWN)) {
        return;
    }
    if (claim == ADDRESS_OF_GUEST && index == resource->plan.link.index) {
        return;
    }
    holder = find_resource(resources, index);
    if (holder && plan_release(holder, interface->guest_mac, claim)) {
        return;
    }
    give_up(resource, needed, -EADDRINUSE, links_with_index(taps, index), options);
}

/* The device's own. */
static void foresee_host_mac(struct resource *resource, struct resources *resources, const struct links *taps,
                             const struct options *options) {
    const uint8_t *mac = resource->plan.host_mac;
    enum address_use claim;
    struct resource *holder;
    uint32_t index;
    int error;

    if (wire_mac_absent(mac) || !is_planned(resource, DIFFERS_HOST_MAC | DIFFERS_BRIDGE)) {
        return;
    }
    error = forwarding_find(&resource->plan.bridge, mac, &claim, &index);
    if (error || claim == ADDRESS_FREE || claim == ADDRESS_OWN || index == resource->plan.link.index) {
        return;
    }
    holder = find_resource(resources, index);
    if (holder && plan_release(holder, mac, claim)) {
        return;
    }
    give_up(resource, DIFFERS_HOST_MAC, -EADDRNOTAVAIL, links_with_index(taps, index), options);
}

static void foresee_room(struct resource *resource, const struct links *taps,
                         const struct options *options) {
    if (is_made(resource) || !is_planned(resource, DIFFERS_BRIDGE)) {
        return;
    }
    if (links_count_ports(taps, resource->plan.bridge.index) >= BRIDGE_PORTS) {
        give_up(resource, DIFFERS_BRIDGE, -EXFULL, NULL, options);
    }
}

static enum interruption cut_of(const struct resource *resource, const struct options *options) {
    const struct plan *plan = &resource->plan;

    if (plan->bridge_missing) {
        return INTERRUPTION_DOWN;
    }
    if (plan->action == PLAN_RECREATE || (plan->action == PLAN_REMOVE && options->force)) {
        return INTERRUPTION_REMOVED;
    }
    if (plan->action != PLAN_CHANGE || !tap_is_running(&plan->link)) {
        return INTERRUPTION_NONE;
    }
    if (plan->differences & DIFFERS_BRIDGE) {
        return INTERRUPTION_PAUSED;
    }
    if (plan->differences & DIFFERS_MTU && step_brings_ipv6(resource)) {
        return INTERRUPTION_PAUSED;
    }
    return INTERRUPTION_NONE;
}

static void foresee_cut(struct resource *resource, const struct links *taps, const struct options *options) {
    const struct link_state *bridge = NULL;

    resource->plan.interruption = cut_of(resource, options);
    if (resource->plan.interruption == INTERRUPTION_PAUSED && resource->plan.bridge.index) {
        bridge = links_with_index(taps, resource->plan.bridge.index);
    }
    if (bridge) {
        resource->plan.forward_seconds = bridge->forward_seconds;
    }
}

/* Looked for before, because afterwards a dead descriptor shows nothing. */
static void find_holders(struct resources *resources) {
    struct holders holders = {0};
    bool is_read = false;

    for (size_t i = 0; i < resources->count; i++) {
        struct resource *resource = &resources->resource[i];

        if ((resource->plan.interruption == INTERRUPTION_NONE && !resource->plan.names_holders) || resource->is_used) {
            continue;
        }
        if (!is_read) {
            holders_read(&holders);
        }
        is_read = true;
        resource->holder_count = holders_of(&holders, resource->plan.link.name, resource->holder, RESOURCE_HOLDERS);
        /* one that hides by its carrier may be seen all the same */
        resource->is_used = resource->holder_count || tap_is_in_use(&resource->plan.link);
    }
    holders_free(&holders);
}

void resources_foresee(struct resources *resources, const struct links *taps, const struct options *options) {
    for (size_t i = 0; i < resources->count; i++) {
        foresee_room(&resources->resource[i], taps, options);
    }
    for (size_t i = 0; i < resources->count; i++) {
        foresee_host_mac(&resources->resource[i], resources, taps, options);
    }
    for (size_t i = 0; i < resources->count; i++) {
        foresee_guest_mac(&resources->resource[i], resources, taps, options);
    }
    for (size_t i = 0; i < resources->count; i++) {
        foresee_cut(&resources->resource[i], taps, options);
    }
    find_holders(resources);
}

void resources_free_addresses(struct resources *resources) {
    for (size_t i = 0; i < resources->count; i++) {
        const struct resource *resource = &resources->resource[i];

        if (resource->plan.frees_address && resource->plan.action == PLAN_CHANGE) {
            /* what fails shows when the other one is to be locked to it */
            (void)!forwarding_unlock(resource->plan.link.index, resource->definition->interface.guest_mac);
        }
    }
}
