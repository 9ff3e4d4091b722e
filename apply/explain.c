// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Why a tap could not be made or corrected.  Each errno is one of those that helper/link/link.h or
 * the headers of the steps name; all others are the host's.
 */
#include "apply/explain.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* 0, or the errno with which /dev/net/tun cannot be opened. */
static int try_node(void) {
    int node = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

    if (node < 0) {
        return errno;
    }
    close(node);
    return 0;
}

static void explain_node(struct resource *resource, int errno_of_node) {
    resource_fail(resource, INTERFACE_KEYS, "/dev/net/tun: %s", strerror(errno_of_node));
    switch (errno_of_node) {
    case ENOENT:
    case ENXIO:
    case ENODEV:
    case EACCES:
    case EPERM:
        resource->is_final = true;
        break;
    default:
        resource->is_final = false;
        break;
    }
    if (resource->is_final) {
        resource_hint(resource, "modprobe tun; a container has to be given the device");
    }
}

/* An error for which no definition is to blame. */
static void explain_host(struct resource *resource, int error) {
    const char *object = error == -EROFS ? "/proc/sys/net" : resource_name(resource);
    int errno_of_node = try_node();

    if (errno_of_node) {
        explain_node(resource, errno_of_node);
        return;
    }
    resource_fail(resource, INTERFACE_KEYS, "%s: %s", object,
                  strerror(error < 0 ? -error : EINVAL));
    resource_note_refusal(resource, error);
    if (error == -EROFS) {
        resource_hint(resource, "it has to be writable: mount -o remount,rw /proc/sys");
    }
}

static void explain_guest_mac(struct resource *resource) {
    const struct interface *interface = &resource->definition->interface;
    char mac[WIRE_MAC_TEXT];

    resource_fail(resource, INTERFACE_KEY_GUEST_MAC,
                  "guest-mac %s is another port's of bridge %s, or its own",
                  wire_mac_text(interface->guest_mac, mac), interface->bridge);
}

static void explain_host_mac(struct resource *resource) {
    char mac[WIRE_MAC_TEXT];

    resource_fail(
        resource, INTERFACE_KEY_HOST_MAC, "host-mac %s is another port's of bridge %s, or its own",
        wire_mac_text(resource->plan.host_mac, mac), resource->definition->interface.bridge);
}

static void explain_stale(struct resource *resource) {
    const struct interface *interface = &resource->definition->interface;

    if (interface->mtu && interface->bridge[0]) {
        resource_fail(resource, INTERFACE_KEY_MTU,
                      "bridge %s, whose MTU was not set, would take %u over", interface->bridge,
                      interface->mtu);
        resource_hint(resource,
                      "leave mtu out, or fix the bridge's: set it to another value and back");
        return;
    }
    resource_fail(resource, INTERFACE_KEYS,
                  "the kernel acknowledged what it did not do, or somebody else changes it");
}

static void explain_owner(struct resource *resource) {
    resource_fail(resource, INTERFACE_KEY_OWNER,
                  "owner %s (id %u) is nobody in this user namespace",
                  resource->definition->interface.owner, resource->owner);
    resource->is_final = true;
}

void resource_explain(struct resource *resource, int error) {
    const struct interface *interface = &resource->definition->interface;

    switch (error) {
    case WIRE_NAME_TAKEN:
        resource_fail(resource, INTERFACE_KEY_DEV,
                      "%s is another interface's name, or alternative name", interface->dev);
        break;
    case -EADDRINUSE:
        explain_guest_mac(resource);
        break;
    case -EADDRNOTAVAIL:
        explain_host_mac(resource);
        break;
    case -EBUSY:
        resource_fail(resource, INTERFACE_KEYS, "the device is in use");
        break;
    case -ESTALE:
        explain_stale(resource);
        break;
    case -EUSERS:
        explain_owner(resource);
        break;
    case -EXFULL:
        resource_fail(resource, INTERFACE_KEY_BRIDGE,
                      "bridge %s has all the ports that it can have", interface->bridge);
        break;
    default:
        explain_host(resource, error);
        break;
    }
}
