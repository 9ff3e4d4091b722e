// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The rules between the keys of an interface.  Rules and words are libvirt's where libvirt has them
 * (domain_conf.c, domain_validate.c, domain_interface.c of 11.3.0): who knows one knows the other.
 */
#include "conf/interface/fault.h"
#include "conf/interface/interface.h"

#include <errno.h>
#include <string.h>

/* One rule, about FAULT's key.  0, or -EINVAL where it is broken. */
typedef int check_fn(const struct interface *interface, struct interface_fault *fault);

static int check_unmanaged_type(const struct interface *interface, struct interface_fault *fault) {
    if (interface->managed || !interface_bridged(interface)) {
        return 0;
    }
    return fault_refuse(fault,
                        "unmanaged target dev is not supported on interfaces of type 'bridge'");
}

static int refuse_absent(struct interface_fault *fault) {
    return fault_refuse(fault, "'%s' is required in tapgrant-apply's definitions",
                        interface_key_name(fault->key));
}

static int check_named(const struct interface *interface, struct interface_fault *fault) {
    if (interface->dev[0]) {
        return 0;
    }
    if (!interface->managed) {
        return fault_refuse(fault, "target dev must be supplied when managed='no'");
    }
    return interface->purpose == INTERFACE_APPLY ? refuse_absent(fault) : 0;
}

static int check_owned(const struct interface *interface, struct interface_fault *fault) {
    if (interface->purpose == INTERFACE_USER || !interface->managed) {
        return 0;
    }
    return interface->given[fault->key] ? 0 : refuse_absent(fault);
}

static int check_has_effect(const struct interface *interface, struct interface_fault *fault) {
    if (interface->managed || !interface->given[fault->key]) {
        return 0;
    }
    return fault_refuse(fault,
                        "'%s' has no meaning with managed=no: nothing about the device is changed",
                        interface_key_name(fault->key));
}

/* With netns=host the tap may be where its user can find it by no name and no number. */
static int check_findable(const struct interface *interface, struct interface_fault *fault) {
    const char *name = interface_key_name(fault->key);

    if (!interface->host_netns) {
        return 0;
    }
    if (fault->key == INTERFACE_KEY_PERSIST && interface->persist) {
        return fault_refuse(fault,
                            "'%s' is not for netns=host: from another network namespace the tap "
                            "could be neither opened again nor deleted",
                            name);
    }
    if (fault->key != INTERFACE_KEY_PERSIST && interface->given[fault->key]) {
        return fault_refuse(fault,
                            "'%s' is not for netns=host: it would look for the tap in another "
                            "network namespace",
                            name);
    }
    return 0;
}

/* The names of unmanaged devices are the kernel's matter. */
static int check_dev(const struct interface *interface, struct interface_fault *fault) {
    if (!interface->managed || wire_dev_valid(interface->dev)) {
        return 0;
    }
    return fault_refuse_value(fault, interface->dev);
}

static int check_type(const struct interface *interface, struct interface_fault *fault) {
    if (!interface->managed) {
        return 0;
    }
    if (interface->type == INTERFACE_BRIDGE && !interface->bridge[0]) {
        return fault_refuse(fault, "type=bridge needs a bridge=");
    }
    if (interface->type == INTERFACE_ETHERNET && interface->bridge[0]) {
        return fault_refuse(fault, "type=ethernet has no bridge");
    }
    return 0;
}

static int check_macs(const struct interface *interface, struct interface_fault *fault) {
    if (wire_mac_absent(interface->guest_mac)) {
        return 0;
    }
    if (memcmp(interface->guest_mac, interface->host_mac, sizeof(interface->host_mac))) {
        return 0;
    }
    return fault_refuse(
        fault, "host-mac is the same as guest-mac: a bridge would deliver nothing to the guest");
}

static int refuse_without_bridge(struct interface_fault *fault) {
    return fault_refuse(fault, "'%s' needs a bridge: it is of the bridge's port",
                        interface_key_name(fault->key));
}

/*
 * An MTU that no tap can have was refused before.  That of a port depends on the bridge's, which is
 * not known here.
 */
static int check_mtu(const struct interface *interface, struct interface_fault *fault) {
    if (!interface->managed || interface->bridge[0]) {
        return 0;
    }
    if (interface->mtu < WIRE_MTU_MIN || interface->mtu >= WIRE_MTU_IPV6) {
        return 0;
    }
    return fault_refuse(fault,
                        "'%s' %u is below %u: without a bridge the kernel would have no setting "
                        "that keeps IPv6 off",
                        interface_key_name(fault->key), interface->mtu, WIRE_MTU_IPV6);
}

static int check_isolate(const struct interface *interface, struct interface_fault *fault) {
    if (!interface->isolate || interface->bridge[0]) {
        return 0;
    }
    return refuse_without_bridge(fault);
}

static int check_lock_mac(const struct interface *interface, struct interface_fault *fault) {
    if (!interface->lock_mac) {
        return 0;
    }
    if (!interface->bridge[0]) {
        return refuse_without_bridge(fault);
    }
    if (wire_mac_absent(interface->guest_mac)) {
        return fault_refuse(fault, "'%s' needs a guest-mac: only frames from it enter",
                            interface_key_name(fault->key));
    }
    return 0;
}

/* In the order in which they are told: libvirt checks an unmanaged interface's type first. */
static const struct {
    check_fn *check;
    enum interface_key key;
} rules[] = {
    {check_unmanaged_type, INTERFACE_KEY_MANAGED},
    {check_named, INTERFACE_KEY_DEV},
    {check_owned, INTERFACE_KEY_OWNER},
    {check_has_effect, INTERFACE_KEY_HOST_MAC},
    {check_has_effect, INTERFACE_KEY_MTU},
    {check_has_effect, INTERFACE_KEY_NETNS},
    {check_has_effect, INTERFACE_KEY_PERSIST},
    {check_findable, INTERFACE_KEY_PERSIST},
    {check_findable, INTERFACE_KEY_SCRIPT},
    {check_findable, INTERFACE_KEY_DOWNSCRIPT},
    {check_dev, INTERFACE_KEY_DEV},
    {check_type, INTERFACE_KEY_TYPE},
    {check_macs, INTERFACE_KEY_HOST_MAC},
    {check_isolate, INTERFACE_KEY_ISOLATE},
    {check_lock_mac, INTERFACE_KEY_LOCK_MAC},
    {check_mtu, INTERFACE_KEY_MTU},
};

int interface_check_next(const struct interface *interface,
                         unsigned *rule,
                         struct interface_fault *fault) {
    while (*rule < sizeof(rules) / sizeof(rules[0])) {
        const unsigned number = *rule;

        *rule = number + 1;
        *fault = (struct interface_fault){.object = "--net", .key = rules[number].key};
        if (rules[number].check(interface, fault)) {
            return -EINVAL;
        }
    }
    *fault = (struct interface_fault){.object = "--net", .key = INTERFACE_KEYS};
    return 0;
}

int interface_check(const struct interface *interface, struct interface_fault *fault) {
    unsigned rule = 0;

    return interface_check_next(interface, &rule, fault);
}
