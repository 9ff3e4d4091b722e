// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What each definition needs, by comparing what is declared with what the kernel says.  A tap is
 * known by its name and by its tag, the alias, which no holder of a descriptor can set.  A tap
 * without the tag is somebody else's, whatever its name.
 */
#include "apply/plan.h"
#include "apply/compare.h"
#include "apply/links/tap.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_MTU 1500 /* linux/if_ether.h, ETH_DATA_LEN */

/*
 * Another run gets this many looks of ours to complete a tap.  In the remaining ones we find out
 * that a holder only made the tap look incomplete, take the tap and correct it.
 */
#define WAITS 5

void resource_plan_without_bridge(struct resource *resource,
                                  const char *until,
                                  const struct options *options) {
    struct plan *plan = &resource->plan;
    size_t length = strlen(plan->reason);
    const char *verb = "is";

    if (!plan->link.index || !tap_label(&plan->link) || plan->link.master) {
        return;
    }
    /* as it is it would be an interface of the host itself, in its owner's hands */
    plan->bridge_missing = true;
    plan->must_be_down = plan->link.is_up;
    if (plan->must_be_down) {
        plan->differences = DIFFERS_UP;
    }
    if (options->dry_run && plan->must_be_down) {
        verb = "would be set";
    }
    snprintf(plan->reason + length, sizeof(plan->reason) - length, "; %s %s down %s",
             plan->link.name, verb, until);
}

static void fail_without_bridge(struct resource *resource,
                                int error,
                                const struct options *options) {
    const char *bridge = resource->definition->interface.bridge;

    if (error != -ENODEV && error != -EINVAL) {
        resource_fail(resource, INTERFACE_KEY_BRIDGE, "bridge %s: %s", bridge, strerror(-error));
        return;
    }
    resource_fail(resource, INTERFACE_KEY_BRIDGE, "bridge %s: %s", bridge,
                  error == -ENODEV ? "there is none" : "is no bridge");
    resource_plan_without_bridge(resource, "until there is", options);
}

/* A bridge whose MTU was not set takes its lowest port's; no kernel tells which bridge that is. */
static bool check_mtu(struct resource *resource, const struct options *options) {
    const struct interface *interface = &resource->definition->interface;
    const struct plan *plan = &resource->plan;

    if (plan->mtu < plan->bridge.mtu) {
        resource_fail(resource, INTERFACE_KEY_MTU,
                      "mtu %u could lower that of bridge %s, %u, for all its ports", plan->mtu,
                      interface->bridge, plan->bridge.mtu);
        resource_hint(resource, "leave mtu out: then it is the bridge's");
        resource_plan_without_bridge(resource, "until then", options);
        return false;
    }
    if (plan->mtu < WIRE_MTU_IPV6) {
        resource_fail(resource, INTERFACE_KEY_MTU,
                      "mtu %u is below %u, where a port has no setting that keeps IPv6 off",
                      plan->mtu, WIRE_MTU_IPV6);
        resource_hint(resource, "ip link set %s mtu %u", interface->bridge, WIRE_MTU_IPV6);
        resource_plan_without_bridge(resource, "until then", options);
        return false;
    }
    return true;
}

/* What the tap is to be.  False: it cannot be on its bridge, and the plan says why. */
static bool plan_target(struct resource *resource,
                        struct bridges *bridges,
                        const struct options *options) {
    const struct interface *interface = &resource->definition->interface;
    struct plan *plan = &resource->plan;
    int error;

    wire_mac_for_tap(interface->guest_mac, interface->host_mac, plan->host_mac);
    plan->mtu = interface->mtu ? interface->mtu : DEFAULT_MTU;
    if (!interface->bridge[0]) {
        return true;
    }
    error = bridges_find(bridges, interface->bridge, &plan->bridge);
    if (error) {
        fail_without_bridge(resource, error, options);
        return false;
    }
    if (!interface->mtu) {
        plan->mtu = plan->bridge.mtu;
    }
    return check_mtu(resource, options);
}

/*
 * As far as the kernel shows it.  A tap that is busy although nothing shows is in the hands of a
 * holder that hides.
 */
static bool is_used(const struct resource *resource) {
    if (tap_is_in_use(&resource->plan.link)) {
        return true;
    }
    return resource->is_busy && resource->waits >= WAITS;
}

/* Because the tap is in use.  False: that is not the reason. */
static bool explain_use(struct resource *resource, unsigned differences) {
    if (!is_used(resource)) {
        return false;
    }
    if (differences & DIFFERS_OWNER) {
        resource_fail(resource, INTERFACE_KEY_OWNER,
                      "the device is in use, and its owner cannot be mended until it is not");
        return true;
    }
    if (differences & DIFFERS_LINK_TYPE) {
        resource_fail(resource, INTERFACE_KEYS,
                      "the device is in use, and its link type, which its holder made %u, cannot "
                      "be mended until it is not",
                      resource->plan.link.type);
        return true;
    }
    return false;
}

static void explain_unchangeable(struct resource *resource, unsigned differences) {
    struct plan *plan = &resource->plan;

    if (explain_use(resource, differences)) {
        plan->names_holders = true;
    } else if (differences & DIFFERS_QUEUES) {
        resource_fail(resource, INTERFACE_KEY_QUEUES,
                      "the device has %s, which the kernel does not change",
                      tap_is_multi_queue(&plan->link) ? "several queues" : "one queue only");
    } else if (differences & DIFFERS_GROUP) {
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

/* The rest is changed even if something cannot be. */
static void plan_changes(struct resource *resource, bool force) {
    struct plan *plan = &resource->plan;
    unsigned left_out = resource_unchangeable(resource, is_used(resource));

    if (left_out && force) {
        plan->action = PLAN_RECREATE;
        return;
    }
    plan->differences &= ~left_out;
    if (left_out) {
        explain_unchangeable(resource, left_out);
    }
    if (plan->differences) {
        plan->action = PLAN_CHANGE;
    } else if (!left_out) {
        plan->action = PLAN_UNCHANGED;
    }
}

static void read_current(struct plan *plan, const struct links *links) {
    const struct link_state *bridge = NULL;
    const uint8_t *locked_address = links_locked_address(links, plan->link.index);

    if (plan->link.master) {
        bridge = links_with_index(links, plan->link.master);
    }
    if (bridge) {
        memcpy(plan->current_bridge, bridge->name, sizeof(plan->current_bridge));
    }
    if (locked_address) {
        memcpy(plan->locked_address, locked_address, sizeof(plan->locked_address));
    }
}

/*
 * Does another run seem to be making it?  The tap gets its tag, then its persistence, then its
 * owner.  A holder can make it look so.
 */
static bool is_being_made(const struct link_state *tap) {
    if (!tap->is_tap || tap_is_persistent(tap) || tap->tun[IFLA_TUN_OWNER]) {
        return false;
    }
    return !tap->alias[0] || tap_label(tap);
}

/* A name that is only an alternative one of another link does not show in the dump of all links. */
static void check_name(struct resource *resource) {
    const char *name = resource_name(resource);
    struct link link;
    int error = link_read(0, name, &link);

    if (!error && strcmp(link.name, name)) {
        resource_fail(resource, INTERFACE_KEY_DEV,
                      "%s is another interface's alternative name: %s's", name, link.name);
    }
}

static void refuse_foreign(struct resource *resource) {
    const struct link_state *link = &resource->plan.link;
    const char *what = "was not made by tapgrant-apply";

    if (!link->is_tap) {
        what = "is no tap";
    } else if (tap_is_granted(link)) {
        what = "is a user's, granted by the policy";
    }
    resource_fail(resource, INTERFACE_KEY_DEV, "%s exists and %s: left as it is", link->name, what);
    resource_hint(resource, "managed = no declares it as it is; or remove it: ip link del %s",
                  link->name);
}

static void plan_existing(struct resource *resource,
                          const struct links *links,
                          const struct options *options) {
    struct plan *plan = &resource->plan;

    read_current(plan, links);
    if (is_being_made(&plan->link)) {
        resource->waits++;
        if (resource->waits <= WAITS) {
            plan->action = PLAN_IN_PROGRESS;
            return;
        }
    }
    if (!tap_label(&plan->link)) {
        refuse_foreign(resource);
        return;
    }
    plan->differences = resource_compare(resource, links);
    plan_changes(resource, options->force);
}

void resource_plan(struct resource *resource, struct host *host, const struct options *options) {
    const struct link_state *link = links_find(&host->links, resource_name(resource));
    bool is_managed = resource->definition->interface.managed;
    struct plan *plan = &resource->plan;

    *plan = (struct plan){.action = PLAN_UNMANAGED, .key = INTERFACE_KEYS};
    resource->is_removed = false;
    if (link && is_managed && options->reap && tap_is_leftover(link)) {
        /* it is removed first */
        link = NULL;
    }
    if (link) {
        plan->link = *link;
    }
    if (!is_managed || !plan_target(resource, &host->bridges, options)) {
        return;
    }
    if (link) {
        plan_existing(resource, &host->links, options);
        return;
    }
    plan->action = PLAN_CREATE;
    if (options->dry_run) {
        check_name(resource);
    }
}
