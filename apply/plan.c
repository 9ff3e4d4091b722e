// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What each device needs, by comparing what is declared with what the kernel says.  Changes nothing.
 * A device is known by its name and by its tag, the alias, which no holder of a descriptor can set: one without the tag is
 * somebody else's, whatever its name.
 */
#include "apply/host_mac.h"
#include "apply/links/tap.h"
#include "apply/resource.h"
#include "apply/links/forwarding.h"

#define PORT(name) (UINT64_C(1) << IFLA_BRPORT_##name)

/* Of the looks that apply() has, for another run to complete a device; those left are to find it held, take and make it. */
#define WAITS 5

/* The bridges that were asked for; they last until the next plan_forget_bridges(). */
struct known {
    struct known *next;
    char name[WIRE_NAME];
    int error;
    struct link link;
};
static struct known *bridges;

void plan_forget_bridges(void) {
    while (bridges) {
        struct known *first = bridges;

        bridges = first->next;
        free(first);
    }
}

static struct known *bridge_named(const char *name) {
    struct known *known = bridges;

    while (known && strcmp(known->name, name)) known = known->next;
    if (known) return known;
    known = calloc(1, sizeof(*known));
    if (!known) return NULL;
    snprintf(known->name, sizeof(known->name), "%s", name);
    known->error = link_read(0, name, &known->link);
    if (!known->error && strcmp(known->link.kind, "bridge")) known->error = -EINVAL;
    known->next = bridges;
    return bridges = known;
}

/*
 * As it is now it would be an interface of the host's own, in its owner's hands, which no
 * definition asked for.
 */
void resource_plan_without_bridge(struct resource *resource, const char *until, const struct options *options) {
    struct plan *plan = &resource->plan;
    size_t length = strlen(plan->reason);

    if (!plan->link.index || !tap_label(&plan->link) || plan->link.master) {
        return;
    }
    plan->bridge_missing = true;
    plan->must_be_down = plan->link.is_up;
    if (plan->must_be_down) {
        plan->differences = DIFFERS_UP;
    }
    snprintf(plan->reason + length, sizeof(plan->reason) - length, "; %s %s down %s", plan->link.name,
             options->dry_run && plan->must_be_down ? "would be set" : "is", until);
}

/* What it is to be; false: the bridge does not have it. */
static bool plan_target(struct resource *resource, const struct options *options) {
    const struct interface *interface = &resource->definition->interface;
    struct plan *plan = &resource->plan;
    struct known *known;

    wire_mac_for_tap(interface->guest_mac, interface->host_mac, plan->host_mac);
    plan->bridge = (struct link){0};
    plan->mtu = interface->mtu ? interface->mtu : 1500; /* ETH_DATA_LEN */
    if (!interface->bridge[0]) return true;
    known = bridge_named(interface->bridge);
    if (!known || known->error) {
        resource_fail(resource, INTERFACE_KEY_BRIDGE, "bridge %s: %s", interface->bridge,
                  !known || known->error == -ENODEV ? "there is none" : known->error == -EINVAL ? "is no bridge" :
                  strerror(-known->error));
        if (known && (known->error == -ENODEV || known->error == -EINVAL)) {
            resource_plan_without_bridge(resource, "until there is", options);
        }
        return false;
    }
    plan->bridge = known->link;
    if (!interface->mtu) plan->mtu = known->link.mtu;
    if (plan->mtu < WIRE_MTU_IPV6 && plan->mtu >= known->link.mtu) {
        resource_fail(resource, INTERFACE_KEY_MTU, "mtu %u is below %u, where a port has no setting that keeps IPv6 off", plan->mtu,
                  WIRE_MTU_IPV6);
        resource_hint(resource, "ip link set %s mtu %u", interface->bridge, WIRE_MTU_IPV6);
        resource_plan_without_bridge(resource, "until then", options);
        return false;
    }
    if (plan->mtu >= known->link.mtu) return true;
    /* one whose MTU was not set takes its lowest port's; no kernel tells which it is */
    resource_fail(resource, INTERFACE_KEY_MTU, "mtu %u could lower that of bridge %s, %u, for all its ports", plan->mtu,
              interface->bridge, known->link.mtu);
    resource_hint(resource, "leave mtu out: then it is the bridge's");
    resource_plan_without_bridge(resource, "until then", options);
    return false;
}

static bool is_tied_as_declared(const struct resource *resource, const struct links *taps) {
    static const uint8_t none[6];
    const struct interface *interface = &resource->definition->interface;
    const struct plan *plan = &resource->plan;
    const uint8_t *mac = interface->lock_mac ? interface->guest_mac : none;
    bool tied;
    int error;

    if (!interface->lock_mac && wire_mac_absent(plan->locked_address)) {
        return true;
    }
    if (interface->lock_mac && links_is_locked_to(taps, plan->link.index, mac, plan->bridge.vlan[1])) {
        return true;
    }
    if (!plan->bridge.vlan[1]) {
        return false;
    }
    /* somebody may have moved the port to another VLAN, where it may stay */
    error = forwarding_is_locked_to(taps, plan->link.index, mac, plan->bridge.vlan[1], &tied);
    return !error && tied;
}

static unsigned compare_port(const struct resource *resource, const struct links *taps) {
    const struct interface *interface = &resource->definition->interface;
    const uint64_t as_made = link_port_as_made(interface->lock_mac, interface->isolate);
    const struct plan *plan = &resource->plan;
    unsigned differences = 0;

    if (plan->link.master != plan->bridge.index) return DIFFERS_BRIDGE;
    if (!plan->bridge.index) return 0;
    if (!(plan->link.port & PORT(ISOLATED)) == interface->isolate) differences |= DIFFERS_ISOLATE;
    if (!(plan->link.port & PORT(LOCKED)) == interface->lock_mac) {
        differences |= DIFFERS_LOCK_MAC;
    } else if ((plan->link.port ^ as_made) & link_port_settings & ~PORT(ISOLATED)) {
        differences |= DIFFERS_PORT;
    }
    if (!is_tied_as_declared(resource, taps)) {
        differences |= DIFFERS_GUEST_MAC;
    }
    return differences;
}

static unsigned compare(const struct resource *resource, const struct links *taps) {
    const struct interface *interface = &resource->definition->interface;
    const struct plan *plan = &resource->plan;
    const struct link_state *now = &plan->link;
    unsigned differences = compare_port(resource, taps);

    if (strcmp(tap_label(now), interface->label)) differences |= DIFFERS_LABEL;
    if (now->tun[IFLA_TUN_OWNER] != resource->owner) differences |= DIFFERS_OWNER;
    if (now->tun[IFLA_TUN_GROUP] != UINT32_MAX) differences |= DIFFERS_GROUP;
    if (!tap_is_persistent(now)) differences |= DIFFERS_PERSIST;
    if (!wire_mac_absent(plan->host_mac) && memcmp(plan->host_mac, now->mac, 6)) differences |= DIFFERS_HOST_MAC;
    /* its holder can take a guest's; what none of ours has is not left on the bridge, or that guest's port could not be mended */
    if (wire_mac_absent(plan->host_mac) && plan->bridge.index && now->mac[0] != HOST_MAC_GENERATED)
        differences |= DIFFERS_HOST_MAC;
    if (plan->mtu != now->mtu) differences |= DIFFERS_MTU;
    if ((interface->queues > 1) != (now->tun[IFLA_TUN_MULTI_QUEUE] == 1)) differences |= DIFFERS_QUEUES;
    if (!now->is_up || now->is_dormant) differences |= DIFFERS_UP;
    if (now->type != ARPHRD_ETHER) differences |= DIFFERS_LINK_TYPE;
    if (now->has_ipv6) differences |= DIFFERS_IPV6;
    if ((now->group & LINKS_REMOVAL_MASK) == LINKS_REMOVAL) differences |= DIFFERS_LINK_GROUP;
    return differences;
}

/* As far as it shows; one that is busy although nothing shows is held by somebody who hides. */
static bool is_used(const struct resource *resource) {
    return tap_is_in_use(&resource->plan.link) || (resource->is_busy && resource->waits >= WAITS);
}

/* What the kernel changes in no way but by another device, or not while somebody uses this one. */
static unsigned stuck_differences(const struct resource *resource) {
    const struct plan *plan = &resource->plan;
    const unsigned own = DIFFERS_OWNER | DIFFERS_PERSIST;
    unsigned stuck = DIFFERS_QUEUES | DIFFERS_GROUP;

    if (!is_used(resource)) {
        return plan->differences & stuck;
    }
    /* whoever uses it is not to be on another's tap, nor on the bridge that is meant for the other */
    if (plan->differences & DIFFERS_OWNER) {
        return plan->differences;
    }
    /* its holder could change the type again at once; nor is it to be up with another */
    if (plan->differences & DIFFERS_LINK_TYPE) {
        return plan->differences;
    }
    if (!tap_has_room(&plan->link)) {
        stuck |= own;
    }
    return plan->differences & stuck;
}

static void explain_stuck(struct resource *resource, unsigned stuck) {
    struct plan *plan = &resource->plan;

    if (is_used(resource) && stuck & DIFFERS_OWNER) {
        resource_fail(resource, INTERFACE_KEY_OWNER, "the device is in use, and its owner cannot be mended until it is not");
        plan->names_holders = true;
    } else if (is_used(resource) && stuck & DIFFERS_LINK_TYPE) {
        resource_fail(resource, INTERFACE_KEYS,
                  "the device is in use, and its link type, which its holder made %u, cannot be mended "
                  "until it is not",
                  plan->link.type);
        plan->names_holders = true;
    } else if (stuck & DIFFERS_QUEUES) {
        resource_fail(resource, INTERFACE_KEY_QUEUES, "the device has %s, which the kernel does not change",
                  plan->link.tun[IFLA_TUN_MULTI_QUEUE] == 1 ? "several queues" : "one queue only");
    } else if (stuck & DIFFERS_GROUP) {
        resource_fail(resource, INTERFACE_KEY_OWNER,
                  "somebody who held the device gave it a group, which the kernel does not "
                  "take away");
    } else {
        resource_fail(resource, INTERFACE_KEY_OWNER,
                  "the device is in use, and its persistence cannot be mended until it is not");
        plan->names_holders = true;
    }
    resource_hint(resource, "--force makes it anew, and takes it from whoever uses it");
}

/* What is about the rest stays to be changed. */
static void plan_changes(struct resource *resource, bool force) {
    struct plan *plan = &resource->plan;
    unsigned stuck = stuck_differences(resource);

    if (stuck && force) {
        plan->action = PLAN_RECREATE;
        return;
    }
    plan->differences &= ~stuck;
    if (stuck) {
        explain_stuck(resource, stuck);
    }
    if (plan->differences) {
        plan->action = PLAN_CHANGE;
    } else if (!stuck) {
        plan->action = PLAN_UNCHANGED;
    }
}

void resource_plan(struct resource *resource, const struct links *taps, const struct options *options) {
    const struct link_state *now = links_find(taps, resource_name(resource));
    struct plan *plan = &resource->plan;
    const uint8_t *tied;
    struct link link;

    *plan = (struct plan){.action = PLAN_UNMANAGED, .key = INTERFACE_KEYS};
    resource->is_removed = false;
    if (now && options->reap && resource->definition->interface.managed && tap_is_leftover(now)) now = NULL; /* it goes first */
    if (now) plan->link = *now;
    if (!resource->definition->interface.managed || !plan_target(resource, options)) return;
    plan->action = PLAN_CREATE;
    if (!now && options->dry_run && !link_read(0, resource_name(resource), &link) && strcmp(link.name, resource_name(resource)))
        resource_fail(resource, INTERFACE_KEY_DEV, "%s is another interface's alternative name: %s's", resource_name(resource), link.name);
    if (!now) return;
    if (now->master && links_with_index(taps, now->master)) memcpy(plan->current_bridge, links_with_index(taps, now->master)->name, WIRE_NAME);
    tied = links_locked_address(taps, now->index);
    if (tied) memcpy(plan->locked_address, tied, 6);
    plan->action = PLAN_IN_PROGRESS;
    /* being made by another run: it gets its tag, then its persistence, then its owner; but a holder can make it look so */
    if (now->is_tap && !tap_is_persistent(now) && !now->tun[IFLA_TUN_OWNER] && (!now->alias[0] || tap_label(now)) &&
        resource->waits++ < WAITS) return;
    if (!tap_label(now)) {
        resource_fail(resource, INTERFACE_KEY_DEV, "%s exists and %s: left as it is", now->name,
                  !now->is_tap ? "is no tap" : tap_is_granted(now) ? "is a user's, granted by the policy" :
                  "was not made by tapgrant-apply");
        resource_hint(resource, "managed = no declares it as it is; or remove it: ip link del %s", now->name);
        return;
    }
    plan->differences = compare(resource, taps);
    plan_changes(resource, options->force);
}

void resource_plan_removal(struct resource *resource, const struct link_state *tap, const struct options *options) {
    bool reap = tap_is_granted(tap);

    resource->plan = (struct plan){.action = reap ? PLAN_REAP : PLAN_REMOVE, .link = *tap, .key = INTERFACE_KEYS};
    resource->is_removed = false;
    if (!tap_is_in_use(tap) || (options->force && !reap)) return;
    resource_fail(resource, INTERFACE_KEYS, "is %s, and is in use: not removed", reap ? "a user's" : "no longer declared");
    resource->plan.names_holders = true;
    if (!reap) resource_hint(resource, "--force removes it all the same");
}

int resources_plan_removals(struct resources *resources, const struct links *taps, const struct options *options) {
    bool *declared = calloc(taps->count + 1, sizeof(*declared));
    const struct link_state *tap;
    struct resource *resource;

    if (!declared) return -ENOMEM;
    for (size_t i = 0; i < resources->count; i++) {
        tap = links_find(taps, resource_name(&resources->resource[i]));
        if (tap) declared[tap - taps->link] = !resources->resource[i].definition->interface.managed || !options->reap || !tap_is_leftover(tap);
    }
    for (size_t i = 0; i < taps->count; i++) {
        tap = &taps->link[i];
        if (declared[i] || !(tap_label(tap) ? options->prune : options->reap && tap_is_leftover(tap))) continue;
        resource = resources_add(resources);
        if (!resource) return free(declared), -ENOMEM;
        resource_plan_removal(resource, tap, options);
        resource->found = resource->plan;
    }
    free(declared);
    return 0;
}
