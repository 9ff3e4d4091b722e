// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Many devices are removed at once: one by one each waits for the kernel's grace periods, by link group all wait for the
 * same ones.  A group is a number on each link that only CAP_NET_ADMIN can set, and its removal takes whatever is in it: so
 * it is a random one, seen to be empty before, and listed again when all are in it.
 * A device that may not be in use is attached to first: nobody else can then begin to use it.
 */
#include "apply/links/tap.h"
#include "apply/remove.h"
#include "apply/progress.h"

#define AT_ONCE 1024 /* a bridge's ports; and as many descriptors, where so many are allowed */
#define OTHERS 32    /* descriptors */

static bool goes(const struct resource *resource) {
    enum plan_action action = resource->plan.action;

    return !resource->is_removed && (action == PLAN_REMOVE || action == PLAN_REAP || action == PLAN_RECREATE);
}

/* May it be taken from whoever uses it?  A user's own never. */
static bool by_force(const struct resource *resource, const struct options *options) {
    return options->force && resource->plan.action != PLAN_REAP;
}

static void fail_in_use(struct resource *resource) {
    bool users = resource->plan.action == PLAN_REAP;

    resource_fail(resource, INTERFACE_KEYS, "is in use: not removed");
    if (!users) resource_hint(resource, "--force removes it all the same");
}

static void fail(struct resource *resource, int error) {
    resource_fail(resource, INTERFACE_KEYS, "cannot be removed: %s", strerror(-error));
    resource_note_refusal(resource, error);
}

/*
 * A queue of the device: it then is in nobody else's hands, and stays so.  Of a device with several queues its owner could
 * attach more: so it is root's, and listed again it must have this one alone.
 */
static int hold(struct resource *resource) {
    int queue = tap_open_queue(&resource->plan.link);

    if (queue == -EBUSY) {
        fail_in_use(resource);
    } else if (queue < 0) {
        fail(resource, queue);
    } else if (resource->plan.link.tun[IFLA_TUN_MULTI_QUEUE] == 1 && ioctl(queue, TUNSETOWNER, 0UL)) {
        fail(resource, -errno);
    }
    return queue;
}

/* An empty group.  0: none was found. */
static uint32_t choose_group(void) {
    struct links taps = {0};
    uint32_t group = 0, random;

    for (int tries = 0; !group && tries < 16; tries++) {
        if (getrandom(&random, sizeof(random), 0) != sizeof(random) || links_read(&taps)) break;
        group = LINKS_REMOVAL | (random & ~LINKS_REMOVAL_MASK);
        for (size_t i = 0; i < taps.count; i++)
            if (taps.link[i].group == group) group = 0;
        links_free(&taps);
    }
    return group;
}

/* Is it still the device that was planned for, in nobody's hands but ours? */
static bool is_same(const struct link_state *tap, const struct resource *resource, bool held) {
    const struct link_state *was = &resource->plan.link;

    return tap->index == was->index && !strcmp(tap->name, was->name) && !strcmp(tap->alias, was->alias) && tap->is_tap &&
           (!held || tap->tun[IFLA_TUN_MULTI_QUEUE] != 1 ||
            tap->tun[IFLA_TUN_NUM_QUEUES] + tap->tun[IFLA_TUN_NUM_DISABLED_QUEUES] == 1);
}

/* The group as it is now: 0: its members are of ITEMS.  Those that are not as they were are put back; others forbid it. */
static int list_again(struct resource *const resources[], const int held[], size_t count, uint32_t group) {
    struct links taps = {0};
    int error = links_read(&taps);

    for (size_t i = 0; !error && i < count; i++) {
        const struct link_state *tap = links_find(&taps, resources[i]->plan.link.name);

        if (!tap || tap->group != group) continue;
        if (is_same(tap, resources[i], held[i] >= 0)) {
            taps.link[tap - taps.link].group = 0; /* accounted for */
        } else {
            error = links_change(tap->index, &(struct link_change){.group = &resources[i]->plan.link.group});
            fail_in_use(resources[i]);
        }
    }
    for (size_t i = 0; !error && i < taps.count; i++) {
        bool put_back = false;

        for (size_t n = 0; taps.link[i].group == group && n < count; n++)
            put_back |= resources[n]->plan.action == PLAN_FAIL && resources[n]->plan.link.index == taps.link[i].index;
        if (taps.link[i].group == group && !put_back) error = -EBUSY; /* a stranger is in it */
    }
    links_free(&taps);
    return error;
}

/* What was not removed is as it was; what another run has moved is that run's. */
static void put_back(struct resource *resource, int queue, bool moved) {
    struct link_change change = {.group = &resource->plan.link.group};

    if (queue >= 0 && resource->plan.link.tun[IFLA_TUN_MULTI_QUEUE] == 1)
        (void)!ioctl(queue, TUNSETOWNER, (unsigned long)resource->plan.link.tun[IFLA_TUN_OWNER]);
    if (moved) (void)!links_change(resource->plan.link.index, &change);
}

/* COUNT devices, one group. */
static void remove_some(struct resource *const resources[], size_t count, const struct options *options) {
    int queue[AT_ONCE], error = 0;
    bool moved[AT_ONCE] = {0};
    uint32_t group = choose_group();

    for (size_t i = 0; i < count; i++) {
        queue[i] = by_force(resources[i], options) ? -1 : hold(resources[i]);
        if (!goes(resources[i]) || !group) continue;
        error = links_change(resources[i]->plan.link.index, &(struct link_change){.group = &group});
        moved[i] = !error;
        if (error && error != -ENODEV) fail(resources[i], error);
    }
    error = group ? list_again(resources, queue, count, group) : -EBUSY;
    if (!error) error = links_delete_group(group);
    if (error == -ENODEV) error = 0; /* somebody else removed them */
    for (size_t i = 0; i < count; i++) {
        if (error && goes(resources[i])) fail(resources[i], error);
        if (goes(resources[i]))
            resources[i]->is_done = resources[i]->is_removed = true, resources[i]->left = LEFT_REMOVED;
        else
            put_back(resources[i], queue[i], moved[i]);
        if (queue[i] >= 0) close(queue[i]);
    }
}

int resources_remove(struct resources *resources, const struct options *options, struct progress *progress) {
    struct resource *some[AT_ONCE];
    size_t count = 0, all = 0, done = 0, most = AT_ONCE;
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files)) return -errno;
    files.rlim_cur = files.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &files) && getrlimit(RLIMIT_NOFILE, &files)) return -errno;
    if (files.rlim_cur < AT_ONCE + OTHERS) most = files.rlim_cur > OTHERS ? files.rlim_cur - OTHERS : 1;
    for (size_t i = 0; i < resources->count; i++) all += goes(&resources->resource[i]);
    for (size_t i = 0; i < resources->count; i++) {
        if (goes(&resources->resource[i])) some[count++] = &resources->resource[i];
        if (!count || (count < most && i + 1 < resources->count)) continue;
        remove_some(some, count, options);
        progress_show(progress, done += count, all);
        count = 0;
    }
    return 0;
}
