// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Opening the interfaces of a set, all or none.  What can be opened without the helper comes first,
 * so that the helper is executed at most once, and last.
 */
#include "lib/device.h"
#include "lib/error.h"
#include "lib/existing/existing.h"
#include "lib/managed/managed.h"
#include "lib/uncancelled.h"

#include <stdlib.h>
#include <string.h>

static int explain_fault(const struct interface_fault *fault, struct tapgrant_error *failure) {
    error_set(failure, TAPGRANT_USAGE, fault->object, "%s", fault->reason);
    if (fault->hint[0]) {
        error_hint(failure, "%s", fault->hint);
    }
    return TAPGRANT_USAGE;
}

/* The library runs no program but the helper. */
static int check_scripts(const struct interface *interface, struct tapgrant_error *failure) {
    const char *key = interface->script[0] ? "script" : "downscript";

    if (!interface->script[0] && !interface->downscript[0]) {
        return TAPGRANT_OK;
    }
    return error_set(failure, TAPGRANT_USAGE, "--net",
                     "'%s' is run by tapgrant run, and by no program itself", key);
}

/* No interface before the Nth may have its name. */
static int check_name(const struct interface *interfaces,
                      size_t n,
                      struct tapgrant_error *failure) {
    const char *dev = interfaces[n].dev;

    for (size_t i = 0; dev[0] && i < n; i++) {
        if (!strcmp(dev, interfaces[i].dev)) {
            return error_set(failure, TAPGRANT_USAGE, "--net",
                             "'dev' value '%s' is given to two interfaces", dev);
        }
    }
    return TAPGRANT_OK;
}

/* One request to the helper has no room for more. */
static int check_limits(const struct interface *interfaces,
                        size_t count,
                        struct tapgrant_error *failure) {
    size_t managed = 0;
    size_t queues = 0;

    for (size_t i = 0; i < count; i++) {
        if (interfaces[i].managed) {
            managed++;
            queues += interfaces[i].queues;
        }
    }
    if (managed <= WIRE_INTERFACES && queues <= WIRE_QUEUES) {
        return TAPGRANT_OK;
    }
    return error_set(failure, TAPGRANT_USAGE, "--net",
                     "%zu managed interfaces with %zu queues (at once at most %d with %d)", managed,
                     queues, WIRE_INTERFACES, WIRE_QUEUES);
}

static int parse_all(const char *const specs[],
                     size_t count,
                     struct interface *interfaces,
                     struct tapgrant_error *failure) {
    struct interface_fault fault;

    for (size_t i = 0; i < count; i++) {
        int code;

        if (interface_parse(&interfaces[i], specs[i], &fault)) {
            return explain_fault(&fault, failure);
        }
        code = check_scripts(&interfaces[i], failure);
        if (code) {
            return code;
        }
        code = check_name(interfaces, i, failure);
        if (code) {
            return code;
        }
    }
    return check_limits(interfaces, count, failure);
}

static int open_without_helper(const struct interface *interface,
                               struct tapgrant_device *device,
                               struct tapgrant_error *failure) {
    if (interface->managed && interface->host_netns) {
        return TAPGRANT_OK; /* what has its name here is another device, or may be */
    }
    if (interface->managed) {
        return existing_open(interface, device, failure);
    }
    return unmanaged_open(interface, device, failure);
}

/* The managed interfaces that have no device yet, by one request. */
static int open_by_helper(const struct interface *interfaces,
                          const char *const specs[],
                          size_t count,
                          struct tapgrant_device *devices[],
                          struct tapgrant_error *failure) {
    struct managed_set set = {.count = 0};

    for (size_t i = 0; i < count; i++) {
        if (!interfaces[i].managed || devices[i]->queues) {
            continue;
        }
        set.interface[set.count] = &interfaces[i];
        set.spec[set.count] = specs[i];
        set.device[set.count] = devices[i];
        set.count++;
    }
    return set.count ? managed_open(&set, failure) : TAPGRANT_OK;
}

/* Those that are not open yet. */
static int open_existing(const struct interface *interfaces,
                         size_t count,
                         struct tapgrant_device *devices[],
                         struct tapgrant_error *failure) {
    int code = TAPGRANT_OK;

    for (size_t i = 0; i < count && !code; i++) {
        if (!devices[i]->queues) {
            code = open_without_helper(&interfaces[i], devices[i], failure);
        }
    }
    return code;
}

static size_t count_open(struct tapgrant_device *const devices[], size_t count) {
    size_t open = 0;

    for (size_t i = 0; i < count; i++) {
        open += devices[i]->queues > 0;
    }
    return open;
}

/*
 * A name that was free a moment ago, and is taken when the helper is asked, is looked at again:
 * another process of the same user may have made the very tap that is wanted.  If it did not, the
 * answer stays, and nobody is asked again.
 */
static int open_each_way(const struct interface *interfaces,
                         const char *const specs[],
                         size_t count,
                         struct tapgrant_device *devices[],
                         struct tapgrant_error *failure) {
    int code = open_existing(interfaces, count, devices, failure);

    while (!code) {
        size_t open = count_open(devices, count);
        int answer = open_by_helper(interfaces, specs, count, devices, failure);

        if (!answer || strcmp(failure->reason_code, "name_taken") != 0) {
            return answer;
        }
        code = open_existing(interfaces, count, devices, failure);
        if (!code && count_open(devices, count) == open) {
            code = answer;
        }
    }
    return code;
}

static int open_all(const struct interface *interfaces,
                    const char *const specs[],
                    size_t count,
                    struct tapgrant_device *devices[],
                    struct tapgrant_error *failure) {
    struct tapgrant_error reason = {.code = TAPGRANT_OK};
    int code;

    for (size_t i = 0; i < count; i++) {
        devices[i] = device_new();
        if (!devices[i]) {
            return explain_no_memory(failure);
        }
    }
    code = open_each_way(interfaces, specs, count, devices, &reason);
    if (code && failure) {
        *failure = reason;
    }
    return code;
}

static int open_set(const char *const specs[],
                    size_t count,
                    struct tapgrant_device *devices[],
                    struct tapgrant_error *failure) {
    struct interface *interfaces = calloc(count + 1, sizeof(*interfaces));
    int code;

    error_clear(failure);
    for (size_t i = 0; i < count; i++) {
        devices[i] = NULL;
    }
    if (!interfaces) {
        return explain_no_memory(failure);
    }
    code = parse_all(specs, count, interfaces, failure);
    if (!code) {
        code = open_all(interfaces, specs, count, devices, failure);
    }
    for (size_t i = 0; code && i < count; i++) {
        tapgrant_close(devices[i]);
        devices[i] = NULL;
    }
    free(interfaces);
    return code;
}

int tapgrant_open_set(const char *const specs[],
                      size_t count,
                      struct tapgrant_device *devices[],
                      struct tapgrant_error *error) {
    UNCANCELLED;

    return open_set(specs, count, devices, error);
}

int tapgrant_open(const char *spec, struct tapgrant_device **device, struct tapgrant_error *error) {
    UNCANCELLED;

    return open_set(&spec, 1, device, error);
}
