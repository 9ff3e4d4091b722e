// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The passes of a run:
 *
 *   plan     each definition against the kernel's links: created, changed, left
 *   foresee  what could not succeed, and who would be interrupted
 *   remove   what is no longer declared (--prune), users' leftovers (--reap), what has to be made
 *            anew (--force)
 *   make     one tap after the other
 *
 * Then all is planned once more.  What is as declared is done.  What is not is tried again, because
 * another run may be making it.  There is no state but the kernel's, and no lock: two runs meet in
 * its answers (a name that is taken, a tap that is not complete), and both look again.
 */
#include "apply/run.h"
#include "apply/progress.h"
#include "apply/resource.h"
#include "apply/correct.h"
#include "apply/create.h"
#include "apply/explain.h"
#include "apply/links/tap.h"
#include "apply/steps.h"

#include <errno.h>
#include <unistd.h>

#define PASSES 8         /* looks at what does not become as declared */
#define PAUSE 100000     /* microseconds between them */

static bool needs_work(const struct resource *resource) {
    enum plan_action action = resource->plan.action;

    if (resource->is_final) return false;
    if (!resource->definition) return !resource->is_removed;
    return action == PLAN_CREATE || action == PLAN_CHANGE || action == PLAN_IN_PROGRESS || action == PLAN_RECREATE ||
           resource->plan.must_be_down;
}

/* Of a device that no definition has: is it still there? */
static void plan_again(struct resource *resource, const struct links *taps, const struct options *options) {
    const struct link_state *now = links_find(taps, resource_name(resource));

    if (now && now->index == resource->found.link.index)
        resource_plan_removal(resource, now, options);
    else
        resource->plan = (struct plan){.action = tap_is_granted(&resource->found.link) ? PLAN_REAP : PLAN_REMOVE}, resource->is_removed = true;
}

/* Plans every resource anew. */
static void plan_all(struct resources *resources, const struct links *taps, const struct options *options) {
    plan_forget_bridges();
    for (size_t i = 0; i < resources->count; i++) {
        struct resource *resource = &resources->resource[i];

        resource->tried = resource->plan;
        if (resource->is_final) {
            continue;
        }
        if (resource->definition) {
            resource_plan(resource, taps, options);
        } else {
            plan_again(resource, taps, options);
        }
    }
}

/* No further try: the reason of the last one is why it failed. */
static void fail_for_good(struct resource *resource) {
    if (resource->tried.action == PLAN_FAIL) {
        resource->plan = resource->tried;
    } else if (resource->plan.action != PLAN_FAIL) {
        resource_fail(resource, INTERFACE_KEYS, "does not stay as it is declared: somebody else changes it");
    }
}

/* How many need work.  LAST: that becomes their failure. */
static size_t count_pending(struct resources *resources, const struct options *options, bool last) {
    size_t pending = 0;

    for (size_t i = 0; i < resources->count; i++) {
        struct resource *resource = &resources->resource[i];

        if (resource->is_final) {
            continue;
        }
        if (!resource->is_planned) {
            resource->found = resource->plan;
        }
        resource->is_planned = true;
        if (!needs_work(resource)) {
            continue;
        }
        pending++;
        if (resource->plan.action == PLAN_IN_PROGRESS && options->dry_run) {
            resource_fail(resource, INTERFACE_KEYS, "is being made by somebody else");
        } else if (last) {
            fail_for_good(resource);
        }
    }
    return pending;
}

/* It has to be down, because it cannot be on its bridge. */
static int set_down(struct resource *resource) {
    const struct link_change down = {.run_state = RUN_DOWN};
    int error = links_change(resource->plan.link.index, &down);

    if (!error) {
        resource->corrected |= DIFFERS_UP;
    }
    return error;
}

/* Creates, corrects or sets down. */
static int carry_out(struct resource *resource) {
    if (resource->plan.action == PLAN_CREATE) {
        return resource_create(resource);
    }
    if (resource->plan.must_be_down) {
        return set_down(resource);
    }
    return resource_correct(resource);
}

/* If that fails the plan has the reason.  The next plan may find that it is done all the same. */
static void make(struct resource *resource) {
    bool is_new = resource->plan.action == PLAN_CREATE;
    int error = carry_out(resource);

    /*
     * A holder can hide by taking the carrier away.  Another run that has the tap open does so too,
     * but not for long.
     */
    if (error == -EBUSY && !is_new) {
        resource->is_busy = true;
        resource->waits++;
    }
    resource->is_done |= resource->corrected || (is_new && !error);
    if (!error) {
        resource->left = LEFT_AS_IT_WAS;
        return;
    }
    resource_explain(resource, error);
    if (resource->failed_moves >= STEPS_MOST_MOVES) {
        resource->is_final = true;
    }
}

/* Carries out the plans but those to remove.  How many could not be. */
static size_t make_all(struct resources *resources, struct progress *progress) {
    size_t pending = 0, done = 0, failed = 0;

    for (size_t i = 0; i < resources->count; i++) pending += needs_work(&resources->resource[i]);
    resources_free_addresses(resources);
    for (size_t i = 0; i < resources->count; i++) {
        struct resource *resource = &resources->resource[i];

        if (!needs_work(resource)) continue;
        if (resource->plan.action == PLAN_CREATE || resource->plan.action == PLAN_CHANGE || resource->plan.must_be_down) make(resource);
        failed += resource->plan.action == PLAN_FAIL || resource->plan.action == PLAN_IN_PROGRESS;
        progress_show(progress, ++done, pending);
    }
    return failed;
}

/* Plans all by what is there now; at the first PASS also what is to be removed. */
static int look(struct resources *resources, struct links *taps, const struct options *options, int pass,
                size_t *pending) {
    int error = links_read(taps);

    if (error) {
        return error;
    }
    plan_all(resources, taps, options);
    if (!pass) {
        error = resources_plan_removals(resources, taps, options);
    }
    if (error) {
        return error;
    }
    resources_foresee(resources, taps, options);
    *pending = count_pending(resources, options, pass == PASSES);
    return 0;
}

int resources_run(struct resources *resources, const struct options *options) {
    struct progress progress = {.is_begun = false};
    struct links taps = {0};
    size_t pending, failed = 0;
    int error = 0;

    for (int pass = 0; !error; pass++) {
        if (failed) {
            usleep(PAUSE);
        }
        error = look(resources, &taps, options, pass, &pending);
        if (error || options->dry_run || pass == PASSES || !pending) {
            break;
        }
        error = resources_remove(resources, options, &progress);
        failed = make_all(resources, &progress);
    }
    links_free(&taps);
    return error;
}
