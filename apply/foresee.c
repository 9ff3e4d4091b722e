// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What could not succeed, because another port has the address or the bridge is full; and who
 * would be interrupted.  A plan that lets go of an address makes room for another one.
 */
#include "apply/foresee.h"
#include "apply/explain.h"
#include "apply/links/forwarding.h"
#include "apply/links/tap.h"
#include "apply/plan.h"
#include "apply/steps.h"
#include "wire/text.h"

#include <errno.h>
#include <string.h>

#define BRIDGE_PORTS 1023 /* net/bridge/br_private.h, BR_MAX_PORTS, of which 0 is none */

/* The step that corrects one of these may lock the port to its guest's address. */
static const unsigned locks_guest_mac = DIFFERS_GUEST_MAC | DIFFERS_LOCK_MAC | DIFFERS_BRIDGE;

/* Does the plan carry out one of DIFFERENCES on a bridge? */
static bool is_planned(const struct resource *resource, unsigned differences) {
    const struct plan *plan = &resource->plan;

    if (resource->is_final || !resource->definition || !plan->bridge.index) {
        return false;
    }
    if (resource_is_made(resource)) {
        return true;
    }
    return plan->action == PLAN_CHANGE && plan->differences & differences;
}

/* The first reason stays.  IN_THE_WAY: the link that has the address, or NULL. */
static void explain_once(struct resource *resource,
                         int error,
                         const struct link_state *in_the_way) {
    char name[WIRE_NAME * 4 + 1];

    if (resource->plan.reason[0]) {
        return;
    }
    resource_explain(resource, error);
    if (in_the_way) {
        text_printable(in_the_way->name, name, sizeof(name));
        resource_hint(resource, "%s has it: bridge fdb show br %s", name,
                      resource->definition->interface.bridge);
    }
}

/*
 * Takes DIFFERENCES out of the plan, with ERROR as the reason.  A port's differences are those of
 * its bridge: a tap that cannot become a port gets none of the rest either.
 */
static void give_up(struct resource *resource,
                    unsigned differences,
                    int error,
                    const struct link_state *in_the_way,
                    const struct options *options) {
    struct plan *plan = &resource->plan;
    bool is_made = resource_is_made(resource);
    bool stays_off = plan->differences & DIFFERS_BRIDGE;

    if (!tap_is_running(&plan->link)) {
        /* a tap that is not complete stays down */
        differences |= DIFFERS_UP;
    }
    if (stays_off) {
        plan->differences = 0;
    }
    plan->differences &= ~differences;
    plan->frees_address = false;
    explain_once(resource, error, in_the_way);
    plan->action = is_made || !plan->differences ? PLAN_FAIL : PLAN_CHANGE;
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

/* A generated address can be a guest's: by accident, or because the holder set it. */
static void plan_another_mac(struct plan *plan) {
    if (!wire_mac_absent(plan->host_mac)) {
        return;
    }
    if (plan->action == PLAN_UNCHANGED || plan->action == PLAN_CHANGE) {
        plan->differences |= DIFFERS_HOST_MAC;
        plan->action = PLAN_CHANGE;
    }
}

/*
 * The port of HOLDER has MAC for USE.  True: its plan lets go of MAC, and now says so.  False: the
 * port keeps it.
 */
static bool plan_to_free(struct resource *holder, const uint8_t mac[6], enum address_use use) {
    struct plan *plan = &holder->plan;
    unsigned needed = locks_guest_mac;

    if (plan->action == PLAN_REMOVE || plan->action == PLAN_REAP || plan->action == PLAN_RECREATE) {
        return true;
    }
    if (!holder->definition || !tap_label(&plan->link)) {
        return false;
    }
    if (use == ADDRESS_OWN && !memcmp(plan->link.mac, mac, 6)) {
        plan_another_mac(plan);
        needed = DIFFERS_HOST_MAC | DIFFERS_BRIDGE;
    } else if (use != ADDRESS_OF_GUEST) {
        return false;
    }
    if (plan->action != PLAN_CHANGE || !(plan->differences & needed)) {
        return false;
    }
    plan->frees_address = use == ADDRESS_OF_GUEST && !(plan->differences & DIFFERS_BRIDGE);
    return true;
}

/* The same for the resource whose tap or bridge has INDEX. */
static bool is_to_be_freed(struct resources *resources,
                           uint32_t index,
                           const uint8_t mac[6],
                           enum address_use use) {
    struct resource *holder = find_resource(resources, index);

    return holder && plan_to_free(holder, mac, use);
}

/* The address to which the port is to be locked. */
static void foresee_guest_mac(struct resource *resource,
                              struct resources *resources,
                              const struct links *links,
                              const struct options *options) {
    const struct interface *interface;
    enum address_use use;
    uint32_t index;
    int error;

    if (!is_planned(resource, locks_guest_mac)) {
        return;
    }
    interface = &resource->definition->interface;
    if (!interface->lock_mac) {
        return;
    }
    error = forwarding_find(&resource->plan.bridge, interface->guest_mac, &use, &index);
    /* an error shows again when it is carried out */
    if (error || (use != ADDRESS_OF_GUEST && use != ADDRESS_OWN)) {
        return;
    }
    if (use == ADDRESS_OF_GUEST && index == resource->plan.link.index) {
        return;
    }
    if (is_to_be_freed(resources, index, interface->guest_mac, use)) {
        return;
    }
    give_up(resource, locks_guest_mac, -EADDRINUSE, links_with_index(links, index), options);
}

/* The tap's own address. */
static void foresee_host_mac(struct resource *resource,
                             struct resources *resources,
                             const struct links *links,
                             const struct options *options) {
    const struct plan *plan = &resource->plan;
    enum address_use use;
    uint32_t index;
    int error;

    if (wire_mac_absent(plan->host_mac) ||
        !is_planned(resource, DIFFERS_HOST_MAC | DIFFERS_BRIDGE)) {
        return;
    }
    error = forwarding_find(&plan->bridge, plan->host_mac, &use, &index);
    if (error || use == ADDRESS_FREE || use == ADDRESS_OWN || index == plan->link.index) {
        return;
    }
    if (is_to_be_freed(resources, index, plan->host_mac, use)) {
        return;
    }
    give_up(resource, DIFFERS_HOST_MAC, -EADDRNOTAVAIL, links_with_index(links, index), options);
}

static void foresee_room(struct resource *resource,
                         const struct links *links,
                         const struct options *options) {
    if (resource_is_made(resource) || !is_planned(resource, DIFFERS_BRIDGE)) {
        return;
    }
    if (links_count_ports(links, resource->plan.bridge.index) >= BRIDGE_PORTS) {
        give_up(resource, DIFFERS_BRIDGE, -EXFULL, NULL, options);
    }
}

static enum interruption interruption_by(const struct resource *resource,
                                         const struct options *options) {
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

static void foresee_interruption(struct resource *resource,
                                 const struct links *links,
                                 const struct options *options) {
    const struct link_state *bridge = NULL;
    struct plan *plan = &resource->plan;

    plan->interruption = interruption_by(resource, options);
    if (plan->interruption == INTERRUPTION_PAUSED && plan->bridge.index) {
        bridge = links_with_index(links, plan->bridge.index);
    }
    if (bridge) {
        plan->forward_seconds = bridge->forward_seconds;
    }
}

/* Before anything is changed: a descriptor whose tap was removed no longer shows its name. */
static void find_holders(struct resources *resources) {
    struct holders holders = {0};
    bool is_read = false;

    for (size_t i = 0; i < resources->count; i++) {
        struct resource *resource = &resources->resource[i];
        const struct plan *plan = &resource->plan;
        bool is_asked = plan->interruption != INTERRUPTION_NONE || plan->names_holders;

        if (!is_asked || resource->is_used) {
            continue;
        }
        if (!is_read) {
            holders_read(&holders);
        }
        is_read = true;
        resource->holder_count =
            holders_of(&holders, plan->link.name, resource->holder, RESOURCE_HOLDERS);
        /* a holder that took the carrier away may be seen all the same */
        resource->is_used = resource->holder_count || tap_is_in_use(&plan->link);
    }
    holders_free(&holders);
}

void resources_foresee(struct resources *resources,
                       const struct links *links,
                       const struct options *options) {
    for (size_t i = 0; i < resources->count; i++) {
        foresee_room(&resources->resource[i], links, options);
    }
    for (size_t i = 0; i < resources->count; i++) {
        foresee_host_mac(&resources->resource[i], resources, links, options);
    }
    for (size_t i = 0; i < resources->count; i++) {
        foresee_guest_mac(&resources->resource[i], resources, links, options);
    }
    for (size_t i = 0; i < resources->count; i++) {
        foresee_interruption(&resources->resource[i], links, options);
    }
    find_holders(resources);
}

void resources_free_addresses(const struct resources *resources) {
    for (size_t i = 0; i < resources->count; i++) {
        const struct resource *resource = &resources->resource[i];
        const struct plan *plan = &resource->plan;

        if (plan->frees_address && plan->action == PLAN_CHANGE) {
            /* a failure shows when the other port is to be locked to the address */
            (void)!forwarding_unlock(plan->link.index, resource->definition->interface.guest_mac);
        }
    }
}
