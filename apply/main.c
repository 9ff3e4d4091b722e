// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tapgrant-apply: makes the administrator's definitions real.  Root's, never setuid: whoever can run it has what it uses.
 *
 *   read     definition files, every fault said; what is faultless goes on
 *   plan     each definition against the kernel's links: created, changed, left
 *   foresee  what could not succeed, and who would be cut off
 *   remove   what is no longer declared (--prune), users' leftovers (--reap), what has to be made anew (--force)
 *   make     one device after the other
 *   plan     once more: what is as declared is done; what is not is tried again, for another run may be at it
 *   report   what was done, or the plan as a diff
 *
 * There is no state but the kernel's, and no lock: two runs meet in its answers (a name that is taken, a device that is
 * not complete), and both look again.
 */
#include "apply/resource.h"
#include "apply/correct.h"
#include "apply/create.h"
#include "apply/explain.h"
#include "apply/links/tap.h"
#include "apply/report.h"
#include "apply/steps.h"

#include <getopt.h>
#include <sys/auxv.h>

#define PASSES 8         /* looks at what does not become as declared */
#define PAUSE 100000     /* microseconds between them */
#define USAGE 2

static const char help[] =
    "Usage: tapgrant-apply [--dry-run] [--prune] [--reap] [--force] [--json] [FILE|DIR]...\n"
    "Makes the taps that are declared in FILEs, or in the *.conf of DIRs; by default of\n" APPLY_FOLDER ".\n"
    "  --dry-run  change nothing: print the plan as a diff\n"
    "  --prune    remove the taps of its own that are no longer declared\n"
    "  --reap     remove users' persistent taps that nobody uses\n"
    "  --force    also those in use; and make anew what cannot be changed\n"
    "  --json     say it as JSON\n";

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
static size_t make_all(struct resources *resources) {
    size_t pending = 0, done = 0, failed = 0;

    for (size_t i = 0; i < resources->count; i++) pending += needs_work(&resources->resource[i]);
    resources_free_addresses(resources);
    for (size_t i = 0; i < resources->count; i++) {
        struct resource *resource = &resources->resource[i];

        if (!needs_work(resource)) continue;
        if (resource->plan.action == PLAN_CREATE || resource->plan.action == PLAN_CHANGE || resource->plan.must_be_down) make(resource);
        failed += resource->plan.action == PLAN_FAIL || resource->plan.action == PLAN_IN_PROGRESS;
        report_progress(++done, pending);
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

static int apply(struct resources *resources, const struct options *options) {
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
        error = resources_remove(resources, options);
        failed = make_all(resources);
    }
    links_free(&taps);
    return error;
}

static int refuse(const struct options *options, const char *reason) {
    report_error("usage", reason, USAGE, options->json);
    fputs("hint: tapgrant-apply --help shows how\n", stderr);
    return USAGE;
}

/* The options of ARGV; -1, or the exit status. */
static int parse(int argc, char *argv[], struct options *options) {
    static const struct option names[] = {{"dry-run", no_argument, NULL, 'd'}, {"prune", no_argument, NULL, 'p'},
                                          {"reap", no_argument, NULL, 'r'},    {"force", no_argument, NULL, 'f'},
                                          {"json", no_argument, NULL, 'j'},    {"help", no_argument, NULL, 'h'},
                                          {"version", no_argument, NULL, 'v'}, {0}};
    struct stat kind;
    int option;

    opterr = 0;
    for (int i = 1; i < argc; i++) options->json |= !strcmp(argv[i], "--json"); /* for what is wrong before it */
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        if (option == 'h') return fputs(help, stdout) < 0 || fflush(stdout);
        if (option == 'v') return printf("tapgrant-apply " TAPGRANT_VERSION "\n") < 0 || fflush(stdout);
        if (option == '?') return refuse(options, "unknown option");
        options->dry_run |= option == 'd';
        options->prune |= option == 'p';
        options->reap |= option == 'r';
        options->force |= option == 'f';
    }
    for (int i = optind; options->prune && i < argc; i++)
        if (stat(argv[i], &kind) || !S_ISDIR(kind.st_mode))
            return refuse(options, "--prune needs the whole of what is declared, not single files");
    return -1;
}

int main(int argc, char *argv[]) {
    struct options options = {0};
    struct resources resources = {0};
    int status = parse(argc, argv, &options), error = 0, fd;

    if (status >= 0) return status;
    do fd = open("/dev/null", O_RDWR | O_CLOEXEC); while (fd >= 0 && fd <= 2); /* no tap may become 0, 1 or 2 */
    if (geteuid() || getauxval(AT_SECURE)) return report_error("tapgrant-apply", "is for root only", 1, options.json);
    if (optind == argc) error = resources_read(&resources, APPLY_FOLDER);
    for (int i = optind; !error && i < argc; i++) error = resources_read(&resources, argv[i]);
    if (!error) error = resources_check(&resources);
    if (resources.is_incomplete && (options.prune || options.reap)) {
        /* for --reap, too: what could not be read may declare a user's leftover to be left alone */
        fprintf(stderr, "tapgrant: %s: nothing is removed, because not all of what is declared could be read\n",
                !options.reap ? "--prune" : options.prune ? "--prune, --reap" : "--reap");
        options.prune = options.reap = false;
    }
    if (!error) error = link_connect();
    if (!error) error = links_connect();
    if (!error) error = apply(&resources, &options);
    return error ? report_error("tapgrant-apply", strerror(-error), 1, options.json) : report_resources(&resources, &options);
}
