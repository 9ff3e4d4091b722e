// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Many taps are removed at once.  One by one each would wait for the kernel's grace periods; by
 * link group all wait for the same ones.  A group is a number on each link that only CAP_NET_ADMIN
 * can set, and its removal takes whatever is in it.  So it is a random one, seen to be empty
 * before, and listed again when all are in it.
 *
 * A tap that may not be in use is attached to first: nobody else can begin to use it then.
 */
#include "apply/remove.h"
#include "apply/links/tap.h"

#include <errno.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#define AT_ONCE 1024         /* a bridge's ports; and as many descriptors, if so many are allowed */
#define OTHER_DESCRIPTORS 32 /* that we may have open beside */
#define GROUP_TRIES 16       /* to find an empty group */

/* Taps that are removed together. */
struct batch {
    struct resource *resource[AT_ONCE];
    int queue[AT_ONCE];     /* our queue of it; negative: none */
    bool is_moved[AT_ONCE]; /* into the group */
    size_t count;
    uint32_t group; /* 0: none was found */
};

static bool is_to_be_removed(const struct resource *resource) {
    enum plan_action action = resource->plan.action;

    if (resource->is_removed) {
        return false;
    }
    return action == PLAN_REMOVE || action == PLAN_REAP || action == PLAN_RECREATE;
}

/* May it be removed while a process has it open?  A user's own tap never. */
static bool is_forced(const struct resource *resource, const struct options *options) {
    return options->force && resource->plan.action != PLAN_REAP;
}

static void fail_in_use(struct resource *resource) {
    bool is_users = resource->plan.action == PLAN_REAP;

    resource_fail(resource, INTERFACE_KEYS, "is in use: not removed");
    if (!is_users) {
        resource_hint(resource, "--force removes it all the same");
    }
}

static void fail(struct resource *resource, int error) {
    resource_fail(resource, INTERFACE_KEYS, "cannot be removed: %s", strerror(-error));
    resource_note_refusal(resource, error);
}

/*
 * Opens a queue of the tap, so that no other process can have it.  The owner of a tap with several
 * queues could attach more: so such a tap becomes root's, and verify_group() then sees whether our
 * queue is the only one.  Returns the queue, or a negative number; a failure is in the plan.
 */
static int attach_for_removal(struct resource *resource) {
    int queue = tap_open_queue(&resource->plan.link);

    if (queue == -EBUSY) {
        fail_in_use(resource);
        return queue;
    }
    if (queue < 0) {
        fail(resource, queue);
        return queue;
    }
    if (tap_is_multi_queue(&resource->plan.link) && ioctl(queue, TUNSETOWNER, 0UL)) {
        fail(resource, -errno);
    }
    return queue;
}

static void attach_all(struct batch *batch, const struct options *options) {
    for (size_t i = 0; i < batch->count; i++) {
        batch->queue[i] = -1;
        if (!is_forced(batch->resource[i], options)) {
            batch->queue[i] = attach_for_removal(batch->resource[i]);
        }
    }
}

static bool is_empty_group(const struct links *links, uint32_t group) {
    for (size_t i = 0; i < links->count; i++) {
        if (links->link[i].group == group) {
            return false;
        }
    }
    return true;
}

/* An empty group.  0: none was found. */
static uint32_t choose_group(void) {
    struct links links = {0};
    uint32_t found = 0;

    for (int tries = 0; !found && tries < GROUP_TRIES; tries++) {
        uint32_t random;
        uint32_t group;

        if (getrandom(&random, sizeof(random), 0) != sizeof(random) || links_read(&links)) {
            break;
        }
        group = LINKS_REMOVAL | (random & ~LINKS_REMOVAL_MASK);
        if (is_empty_group(&links, group)) {
            found = group;
        }
    }
    links_free(&links);
    return found;
}

static void move_all(struct batch *batch) {
    const struct link_change change = {.group = &batch->group};

    for (size_t i = 0; batch->group && i < batch->count; i++) {
        struct resource *resource = batch->resource[i];
        int error;

        if (!is_to_be_removed(resource)) {
            continue;
        }
        error = links_change(resource->plan.link.index, &change);
        batch->is_moved[i] = !error;
        if (error && error != -ENODEV) {
            fail(resource, error);
        }
    }
}

/* Is it still the tap of the plan?  And if we have a queue of it, is that the only one? */
static bool is_as_planned(const struct link_state *tap,
                          const struct link_state *planned,
                          int queue) {
    if (tap->index != planned->index || strcmp(tap->name, planned->name)) {
        return false;
    }
    if (strcmp(tap->alias, planned->alias) || !tap->is_tap) {
        return false;
    }
    return queue < 0 || !tap_is_multi_queue(tap) || tap_count_queues(tap->tun) == 1;
}

static int leave_group(struct resource *resource) {
    const struct link_change change = {.group = &resource->plan.link.group};

    return links_change(resource->plan.link.index, &change);
}

/* Those of the batch that are not as planned leave the group, and their plans fail. */
static int sort_out(struct batch *batch, const struct links *links) {
    int error = 0;

    for (size_t i = 0; !error && i < batch->count; i++) {
        struct resource *resource = batch->resource[i];
        const struct link_state *tap = links_find(links, resource->plan.link.name);

        if (!tap || tap->group != batch->group) {
            continue;
        }
        if (!is_as_planned(tap, &resource->plan.link, batch->queue[i])) {
            const struct link_change change = {.group = &resource->plan.link.group};

            error = links_change(tap->index, &change);
            fail_in_use(resource);
        }
    }
    return error;
}

/* Is LINK, which is in the group, one of the batch, and either as planned or sorted out? */
static bool is_of_batch(const struct batch *batch, const struct link_state *link) {
    for (size_t i = 0; i < batch->count; i++) {
        const struct resource *resource = batch->resource[i];

        if (resource->plan.link.index != link->index) {
            continue;
        }
        if (resource->plan.action == PLAN_FAIL) {
            return true;
        }
        if (is_as_planned(link, &resource->plan.link, batch->queue[i])) {
            return true;
        }
    }
    return false;
}

/* 0: the group has nothing but taps of the batch that are as planned. */
static int verify_group(struct batch *batch) {
    struct links links = {0};
    int error = links_read(&links);

    if (!error) {
        error = sort_out(batch, &links);
    }
    for (size_t i = 0; !error && i < links.count; i++) {
        if (links.link[i].group == batch->group && !is_of_batch(batch, &links.link[i])) {
            error = -EBUSY;
        }
    }
    links_free(&links);
    return error;
}

static int delete_group(struct batch *batch) {
    int error;

    if (!batch->group) {
        return -EBUSY;
    }
    error = verify_group(batch);
    if (error) {
        return error;
    }
    error = links_delete_group(batch->group);
    /* somebody else may have removed them all */
    return error == -ENODEV ? 0 : error;
}

/* A tap that was not removed is as it was.  One that another run has moved is that run's. */
static void put_back(struct resource *resource, int queue, bool is_moved) {
    const struct link_state *tap = &resource->plan.link;

    if (queue >= 0 && tap_is_multi_queue(tap)) {
        (void)!ioctl(queue, TUNSETOWNER, (unsigned long)tap->tun[IFLA_TUN_OWNER]);
    }
    if (is_moved) {
        (void)!leave_group(resource);
    }
}

/* ERROR: of delete_group(). */
static void finish_all(struct batch *batch, int error) {
    for (size_t i = 0; i < batch->count; i++) {
        struct resource *resource = batch->resource[i];

        if (error && is_to_be_removed(resource)) {
            fail(resource, error);
        }
        if (is_to_be_removed(resource)) {
            resource->is_done = true;
            resource->is_removed = true;
            resource->left = LEFT_REMOVED;
        } else {
            put_back(resource, batch->queue[i], batch->is_moved[i]);
        }
        if (batch->queue[i] >= 0) {
            close(batch->queue[i]);
        }
    }
}

static void remove_batch(struct batch *batch, const struct options *options) {
    batch->group = choose_group();
    attach_all(batch, options);
    move_all(batch);
    finish_all(batch, delete_group(batch));
}

/* How many taps can be attached to at once: *MOST.  The limit is raised as far as it may be. */
static int raise_limit(size_t *most) {
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files)) {
        return -errno;
    }
    files.rlim_cur = files.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &files) && getrlimit(RLIMIT_NOFILE, &files)) {
        return -errno;
    }
    *most = AT_ONCE;
    if (files.rlim_cur < AT_ONCE + OTHER_DESCRIPTORS) {
        *most = files.rlim_cur > OTHER_DESCRIPTORS ? files.rlim_cur - OTHER_DESCRIPTORS : 1;
    }
    return 0;
}

static size_t count_removals(const struct resources *resources) {
    size_t count = 0;

    for (size_t i = 0; i < resources->count; i++) {
        if (is_to_be_removed(&resources->resource[i])) {
            count++;
        }
    }
    return count;
}

/* Fills the batch from *NEXT on, up to MOST.  False: there is none left. */
static bool fill_batch(struct batch *batch,
                       struct resources *resources,
                       size_t *next,
                       size_t most) {
    *batch = (struct batch){.count = 0};
    while (*next < resources->count && batch->count < most) {
        struct resource *resource = &resources->resource[*next];

        *next += 1;
        if (is_to_be_removed(resource)) {
            batch->resource[batch->count] = resource;
            batch->count++;
        }
    }
    return batch->count > 0;
}

int resources_remove(struct resources *resources,
                     const struct options *options,
                     struct progress *progress) {
    struct batch batch;
    size_t all = count_removals(resources);
    size_t done = 0;
    size_t next = 0;
    size_t most = 0;
    int error = raise_limit(&most);

    if (error) {
        return error;
    }
    while (fill_batch(&batch, resources, &next, most)) {
        remove_batch(&batch, options);
        done += batch.count;
        progress_show(progress, done, all);
    }
    return 0;
}
