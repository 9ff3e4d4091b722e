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
#include "apply/correct.h"
#include "apply/create.h"
#include "apply/explain.h"
#include "apply/foresee.h"
#include "apply/links/tap.h"
#include "apply/plan.h"
#include "apply/prune.h"
#include "apply/remove.h"
#include "apply/steps.h"

#include <errno.h>
#include <unistd.h>

#define LAST_PASS 8  /* counted from 0: it only looks */
#define PAUSE 100000 /* microseconds before the next pass, if something failed */

static bool needs_work(const struct resource *resource) {
    const struct plan *plan = &resource->plan;

    if (resource->is_final) {
        return false;
    }
    if (!resource->definition) {
        return !resource->is_removed;
    }
    if (resource_is_made(resource) || plan->must_be_down) {
        return true;
    }
    return plan->action == PLAN_CHANGE || plan->action == PLAN_IN_PROGRESS;
}

/* A tap that no definition has: is it still there? */
static void plan_removal_again(struct resource *resource,
                               const struct links *links,
                               const struct options *options) {
    const struct link_state *before = &resource->found.link;
    const struct link_state *now = links_find(links, before->name);

    if (now && now->index == before->index) {
        resource_plan_removal(resource, now, options);
        return;
    }
    resource->plan = (struct plan){.action = tap_is_granted(before) ? PLAN_REAP : PLAN_REMOVE};
    resource->is_removed = true;
}

static void plan_all(struct resources *resources,
                     struct host *host,
                     const struct options *options) {
    for (size_t i = 0; i < resources->count; i++) {
        struct resource *resource = &resources->resource[i];

        resource->tried = resource->plan;
        if (resource->is_final) {
            continue;
        }
        if (resource->definition) {
            resource_plan(resource, host, options);
        } else {
            plan_removal_again(resource, &host->links, options);
        }
    }
}

/* There is no further try: the reason of the last one is why it failed. */
static void fail_for_good(struct resource *resource) {
    if (resource->tried.action == PLAN_FAIL) {
        resource->plan = resource->tried;
    } else if (resource->plan.action != PLAN_FAIL) {
        resource_fail(resource, INTERFACE_KEYS,
                      "does not stay as it is declared: somebody else changes it");
    }
}

/* Keeps the first plan of each. */
static void keep_found(struct resources *resources) {
    for (size_t i = 0; i < resources->count; i++) {
        struct resource *resource = &resources->resource[i];

        if (resource->is_final) {
            continue;
        }
        if (!resource->is_planned) {
            resource->found = resource->plan;
        }
        resource->is_planned = true;
    }
}

/* How many need work.  IS_LAST: they fail for good. */
static size_t count_pending(struct resources *resources,
                            const struct options *options,
                            bool is_last) {
    size_t pending = 0;

    for (size_t i = 0; i < resources->count; i++) {
        struct resource *resource = &resources->resource[i];

        if (!needs_work(resource)) {
            continue;
        }
        pending++;
        if (resource->plan.action == PLAN_IN_PROGRESS && options->dry_run) {
            resource_fail(resource, INTERFACE_KEYS, "is being made by somebody else");
        } else if (is_last) {
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

static bool is_to_be_made(const struct resource *resource) {
    const struct plan *plan = &resource->plan;

    return plan->action == PLAN_CREATE || plan->action == PLAN_CHANGE || plan->must_be_down;
}

/* Carries out all plans but those to remove.  Returns how many could not be. */
static size_t make_all(struct resources *resources, struct progress *progress) {
    size_t pending = 0;
    size_t done = 0;
    size_t failed = 0;

    for (size_t i = 0; i < resources->count; i++) {
        if (needs_work(&resources->resource[i])) {
            pending++;
        }
    }
    resources_free_addresses(resources);
    for (size_t i = 0; i < resources->count; i++) {
        struct resource *resource = &resources->resource[i];

        if (!needs_work(resource)) {
            continue;
        }
        if (is_to_be_made(resource)) {
            make(resource);
        }
        if (resource->plan.action == PLAN_FAIL || resource->plan.action == PLAN_IN_PROGRESS) {
            failed++;
        }
        done++;
        progress_show(progress, done, pending);
    }
    return failed;
}

/* Plans all by what is there now; at the first pass also what is to be removed. */
static int look(struct resources *resources,
                struct host *host,
                const struct options *options,
                int pass) {
    int error = links_read(&host->links);

    if (error) {
        return error;
    }
    bridges_free(&host->bridges);
    plan_all(resources, host, options);
    if (!pass) {
        error = resources_plan_removals(resources, &host->links, options);
    }
    if (error) {
        return error;
    }
    resources_foresee(resources, &host->links, options);
    keep_found(resources);
    return 0;
}

int resources_run(struct resources *resources, const struct options *options) {
    struct host host = {.links = {0}};
    struct progress progress = {.is_begun = false};
    size_t pending;
    size_t failed;
    int error = 0;

    for (int pass = 0; !error; pass++) {
        error = look(resources, &host, options, pass);
        if (error) {
            break;
        }
        pending = count_pending(resources, options, pass == LAST_PASS);
        if (options->dry_run || pass == LAST_PASS || !pending) {
            break;
        }
        error = resources_remove(resources, options, &progress);
        failed = make_all(resources, &progress);
        if (failed) {
            usleep(PAUSE);
        }
    }
    links_free(&host.links);
    bridges_free(&host.bridges);
    return error;
}
