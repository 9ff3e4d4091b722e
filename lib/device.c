// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/device.h"
#include "lib/uncancelled.h"
#include "wire/names.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct tapgrant_device *device_new(void) {
    struct tapgrant_device *device = calloc(1, sizeof(*device));

    if (!device) {
        return NULL;
    }
    device->slot = -1;
    device->uid = (uid_t)-1;
    device->owner = (uid_t)-1;
    device->group = (gid_t)-1;
    for (size_t i = 0; i < WIRE_QUEUES; i++) {
        device->fd[i] = -1;
    }
    return device;
}

void device_describe(struct tapgrant_device *device, const struct link *link) {
    memcpy(device->name, link->name, sizeof(device->name));
    memcpy(device->rule, link->rule, sizeof(device->rule));
    if (sscanf(link->alias, NAMES_DECLARED_WORD, device->label) != 1) {
        device->label[0] = 0;
    }
    memcpy(device->host_mac, link->mac, sizeof(device->host_mac));
    device->ifindex = link->ifindex;
    device->mtu = link->mtu;
    device->master = link->master;
    device->slot = link->slot;
    device->uid = link->uid == LINKS_NOBODY ? link->owner : link->uid;
    device->owner = link->owner;
    device->group = link->group;
    device->vnet_hdr = link->vnet_hdr;
    device->multi_queue = link->multi_queue;
    device->persist = link->persist;
    device->up = link->up;
    device->locked = link->locked;
    device->isolated = link->isolated;
    device->guarded = link->guarded;
}

void device_warn(struct tapgrant_device *device, const char *format, ...) {
    va_list arguments;

    for (size_t i = 0; i < DEVICE_WARNINGS; i++) {
        if (device->warning[i][0]) {
            continue;
        }
        va_start(arguments, format);
        vsnprintf(device->warning[i], sizeof(device->warning[i]), format, arguments);
        va_end(arguments);
        return;
    }
}

void tapgrant_close(struct tapgrant_device *device) {
    UNCANCELLED;

    if (!device) {
        return;
    }
    for (size_t i = 0; i < WIRE_QUEUES; i++) {
        if (device->fd[i] >= 0) {
            close(device->fd[i]);
        }
    }
    free(device);
}

int tapgrant_fd(const struct tapgrant_device *device, unsigned queue) {
    return queue < device->queues && queue < WIRE_QUEUES ? device->fd[queue] : -1;
}

int tapgrant_take_fd(struct tapgrant_device *device, unsigned queue) {
    UNCANCELLED;
    int fd = tapgrant_fd(device, queue);

    if (fd >= 0) {
        device->fd[queue] = -1;
    }
    return fd;
}

const uint8_t *tapgrant_guest_mac(const struct tapgrant_device *device) {
    return wire_mac_absent(device->guest_mac) ? NULL : device->guest_mac;
}

const char *tapgrant_warning(const struct tapgrant_device *device, unsigned n) {
    return n < DEVICE_WARNINGS && device->warning[n][0] ? device->warning[n] : NULL;
}

const char *tapgrant_name(const struct tapgrant_device *device) {
    return device->name;
}

unsigned tapgrant_ifindex(const struct tapgrant_device *device) {
    return device->ifindex;
}

unsigned tapgrant_queues(const struct tapgrant_device *device) {
    return device->queues;
}

const char *tapgrant_bridge(const struct tapgrant_device *device) {
    return device->bridge[0] ? device->bridge : NULL;
}

const char *tapgrant_rule(const struct tapgrant_device *device) {
    return device->rule[0] ? device->rule : NULL;
}

const char *tapgrant_label(const struct tapgrant_device *device) {
    return device->label[0] ? device->label : NULL;
}

int tapgrant_slot(const struct tapgrant_device *device) {
    return device->slot;
}

uid_t tapgrant_owner(const struct tapgrant_device *device) {
    return device->owner;
}

gid_t tapgrant_group(const struct tapgrant_device *device) {
    return device->group;
}

int tapgrant_multi_queue(const struct tapgrant_device *device) {
    return device->multi_queue;
}

uid_t tapgrant_uid(const struct tapgrant_device *device) {
    return device->uid;
}

const uint8_t *tapgrant_host_mac(const struct tapgrant_device *device) {
    return device->host_mac;
}

unsigned tapgrant_mtu(const struct tapgrant_device *device) {
    return device->mtu;
}

int tapgrant_locked(const struct tapgrant_device *device) {
    return device->locked;
}

int tapgrant_isolated(const struct tapgrant_device *device) {
    return device->isolated;
}

int tapgrant_guarded(const struct tapgrant_device *device) {
    return device->guarded;
}

int tapgrant_managed(const struct tapgrant_device *device) {
    return device->managed;
}

int tapgrant_existed(const struct tapgrant_device *device) {
    return device->existed;
}

int tapgrant_other_netns(const struct tapgrant_device *device) {
    return device->other_netns;
}

int tapgrant_vnet_hdr(const struct tapgrant_device *device) {
    return device->vnet_hdr;
}

int tapgrant_persist(const struct tapgrant_device *device) {
    return device->persist;
}

int tapgrant_up(const struct tapgrant_device *device) {
    return device->up;
}

const char *tapgrant_version(void) {
    return TAPGRANT_VERSION;
}
