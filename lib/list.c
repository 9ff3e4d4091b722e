// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Looking at taps without opening them: one by its name, or all.
 */
#include "lib/device.h"
#include "lib/error.h"
#include "lib/links/links.h"
#include "lib/uncancelled.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DUMPS 8         /* tries to list the links while links come and go */
#define FIRST 16        /* devices that a list has room for at first */
#define TAG "tapgrant " /* every alias that tapgrant writes begins with it: wire/names.h */

static void describe(struct tapgrant_device *device, const struct link *link) {
    device_describe(device, link);
    device->queues = link->multi_queue ? link->attached_queues : 1;
}

/* What only the bridge knows about its port. */
static int describe_port(struct tapgrant_device *device,
                         const struct link *link,
                         const char *object,
                         struct tapgrant_error *failure) {
    struct link bridge = {0};
    int error;

    if (!link->master) {
        return TAPGRANT_OK;
    }
    error = links_by_index(link->master, &bridge);
    if (error_is_lack(error)) {
        return explain_lookup(object, error, failure);
    }
    if (!error) {
        memcpy(device->bridge, bridge.name, sizeof(device->bridge));
    }
    error = links_locked_mac(link, device->guest_mac);
    if (error_is_lack(error)) {
        return explain_lookup(object, error, failure);
    }
    return TAPGRANT_OK;
}

static int find_link(const char *dev, struct link *link, struct tapgrant_error *failure) {
    char object[ERROR_OBJECT];
    int error = *dev ? links_by_name(dev, link) : -ENODEV;

    error_object_of(dev, object);
    if (error_is_lack(error)) {
        return explain_lookup(object, error, failure);
    }
    if (error) {
        return error_set(failure, TAPGRANT_DEVICE, object, "does not exist");
    }
    if (!link->is_tap) {
        return error_set(failure, TAPGRANT_DEVICE, error_object_of(link->name, object),
                         "is no tap but of kind %s", links_kind(link));
    }
    return TAPGRANT_OK;
}

static int find(const char *dev, struct tapgrant_device **device, struct tapgrant_error *failure) {
    char object[ERROR_OBJECT];
    struct tapgrant_device *found;
    struct link link = {0};
    int code = find_link(dev, &link, failure);

    if (code) {
        return code;
    }
    found = device_new();
    if (!found) {
        return explain_no_memory(failure);
    }
    describe(found, &link);
    code = describe_port(found, &link, error_object_of(link.name, object), failure);
    if (code) {
        tapgrant_close(found);
        return code;
    }
    *device = found;
    return TAPGRANT_OK;
}

int tapgrant_find(const char *dev, struct tapgrant_device **device, struct tapgrant_error *error) {
    UNCANCELLED;

    error_clear(error);
    *device = NULL;
    return find(dev, device, error);
}

struct listing {
    struct tapgrant_device **devices;
    size_t count;
    size_t room;
    bool all; /* also the taps that tapgrant did not make */
};

static bool is_listed(const struct listing *listing, const struct link *link) {
    bool is_ours = link->uid != LINKS_NOBODY || !strncmp(link->alias, TAG, strlen(TAG));

    return link->is_tap && (is_ours || listing->all);
}

static bool make_room(struct listing *listing) {
    size_t room = listing->room * 2 + FIRST;
    struct tapgrant_device **larger;

    if (listing->count < listing->room) {
        return true;
    }
    larger = reallocarray(listing->devices, room, sizeof(struct tapgrant_device *));
    if (!larger) {
        return false;
    }
    listing->devices = larger;
    listing->room = room;
    return true;
}

static int add_link(const struct link *link, void *context) {
    struct listing *listing = context;
    struct tapgrant_device *device;

    if (!is_listed(listing, link)) {
        return 0;
    }
    if (!make_room(listing)) {
        return -ENOMEM;
    }
    device = device_new();
    if (!device) {
        return -ENOMEM;
    }
    listing->devices[listing->count] = device;
    listing->count++;
    describe(device, link);
    device->managed = true;
    return 0;
}

static void free_devices(struct tapgrant_device **devices, size_t count) {
    for (size_t i = 0; i < count; i++) {
        tapgrant_close(devices[i]);
    }
    free(devices);
}

static int by_index(const void *a, const void *b) {
    const struct tapgrant_device *const *left = a;
    const struct tapgrant_device *const *right = b;

    return ((*left)->ifindex > (*right)->ifindex) - ((*left)->ifindex < (*right)->ifindex);
}

/* -EINTR: links came or went meanwhile, and one may be missing (NLM_F_DUMP_INTR). */
static int list_links(struct listing *listing) {
    int error = -EINTR;

    for (int i = 0; error == -EINTR && i < DUMPS; i++) {
        free_devices(listing->devices, listing->count);
        *listing = (struct listing){.all = listing->all};
        error = links_all(add_link, listing);
    }
    if (!error && listing->count) {
        qsort(listing->devices, listing->count, sizeof(struct tapgrant_device *), by_index);
    }
    return error;
}

/* A bridge may be gone by now: then its port stays without its name. */
static int name_bridges(struct listing *listing) {
    struct link bridge = {.ifindex = 0};

    for (size_t i = 0; i < listing->count; i++) {
        struct tapgrant_device *device = listing->devices[i];
        int error = 0;

        if (!device->master) {
            continue;
        }
        if (bridge.ifindex != device->master) {
            error = links_by_index(device->master, &bridge);
        }
        if (error_is_lack(error)) {
            return error;
        }
        if (!error) {
            memcpy(device->bridge, bridge.name, sizeof(device->bridge));
        }
    }
    return 0;
}

static int compare_index(const void *key, const void *element) {
    const uint32_t *ifindex = key;
    const struct tapgrant_device *const *device = element;

    return (*ifindex > (*device)->ifindex) - (*ifindex < (*device)->ifindex);
}

static void note_mac(uint32_t port, const uint8_t mac[6], void *context) {
    struct listing *listing = context;
    struct tapgrant_device **found;

    found = bsearch(&port, listing->devices, listing->count, sizeof(struct tapgrant_device *),
                    compare_index);
    if (found) {
        memcpy((*found)->guest_mac, mac, sizeof((*found)->guest_mac));
    }
}

/* Is the Nth device the first locked port of its bridge? */
static bool is_first_locked(const struct listing *listing, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const struct tapgrant_device *earlier = listing->devices[i];

        if (earlier->locked && earlier->master == listing->devices[n]->master) {
            return false;
        }
    }
    return listing->devices[n]->locked;
}

/* The addresses that the bridges lock their ports to.  Each forwarding table is read once. */
static int note_macs(struct listing *listing) {
    for (size_t i = 0; i < listing->count; i++) {
        int error = 0;

        if (is_first_locked(listing, i)) {
            error = links_locked(listing->devices[i]->master, note_mac, listing);
        }
        if (error_is_lack(error)) {
            return error;
        }
    }
    return 0;
}

/* Bridges are looked up once the list is whole: a list that was disturbed is thrown away. */
static int fill(struct listing *listing) {
    int error = list_links(listing);

    if (!error) {
        error = name_bridges(listing);
    }
    if (!error) {
        error = note_macs(listing);
    }
    return error;
}

static int list(struct tapgrant_device ***devices,
                size_t *count,
                bool all,
                struct tapgrant_error *failure) {
    struct listing listing = {.all = all};
    int error;

    error_clear(failure);
    *devices = NULL;
    *count = 0;
    error = fill(&listing);
    if (error) {
        free_devices(listing.devices, listing.count);
        return explain_lookup("the links", error, failure);
    }
    *devices = listing.devices;
    *count = listing.count;
    return TAPGRANT_OK;
}

int tapgrant_list(struct tapgrant_device ***devices, size_t *count, struct tapgrant_error *error) {
    UNCANCELLED;

    return list(devices, count, false, error);
}

int tapgrant_list_all(struct tapgrant_device ***devices,
                      size_t *count,
                      struct tapgrant_error *error) {
    UNCANCELLED;

    return list(devices, count, true, error);
}

void tapgrant_list_free(struct tapgrant_device **devices, size_t count) {
    UNCANCELLED;

    free_devices(devices, count);
}

size_t tapgrant_holders(const struct tapgrant_device *device, pid_t holders[], size_t count) {
    UNCANCELLED;

    /* a device of this name in our own network namespace is another one */
    if (device->other_netns) {
        return 0;
    }
    return links_holders(device->name, holders, count);
}
