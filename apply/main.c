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
#include "apply/report.h"

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

static bool needs_work(const struct item *item) {
    enum plan_action action = item->plan.action;

    if (item->refused) return false;
    if (!item->definition) return !item->removed;
    return action == PLAN_CREATE || action == PLAN_CHANGE || action == PLAN_WAIT || action == PLAN_REMAKE ||
           item->plan.stray;
}

/* Of a device that no definition has: is it still there? */
static void plan_again(struct item *item, const struct links *taps, const struct options *options) {
    const struct link_state *now = links_find(taps, item_dev(item));

    if (now && now->index == item->first.now.index)
        item_plan_removal(item, now, options);
    else
        item->plan = (struct plan){.action = tap_is_granted(&item->first.now) ? PLAN_REAP : PLAN_REMOVE}, item->removed = true;
}

/* Plans every item anew. */
static void plan_all(struct items *items, const struct links *taps, const struct options *options) {
    items_plan_begin();
    for (size_t i = 0; i < items->count; i++) {
        struct item *item = &items->item[i];

        item->tried = item->plan;
        if (item->refused) {
            continue;
        }
        if (item->definition) {
            item_plan(item, taps, options);
        } else {
            plan_again(item, taps, options);
        }
    }
}

/* No further try: the reason of the last one is why it failed. */
static void fail_for_good(struct item *item) {
    if (item->tried.action == PLAN_FAIL) {
        item->plan = item->tried;
    } else if (item->plan.action != PLAN_FAIL) {
        item_fail(item, INTERFACE_KEYS, "does not stay as it is declared: somebody else changes it");
    }
}

/* How many need work.  LAST: that becomes their failure. */
static size_t count_pending(struct items *items, const struct options *options, bool last) {
    size_t pending = 0;

    for (size_t i = 0; i < items->count; i++) {
        struct item *item = &items->item[i];

        if (item->refused) {
            continue;
        }
        if (!item->planned) {
            item->first = item->plan;
        }
        item->planned = true;
        if (!needs_work(item)) {
            continue;
        }
        pending++;
        if (item->plan.action == PLAN_WAIT && options->dry_run) {
            item_fail(item, INTERFACE_KEYS, "is being made by somebody else");
        } else if (last) {
            fail_for_good(item);
        }
    }
    return pending;
}

/* Carries out the plans but those to remove.  How many could not be. */
static size_t make_all(struct items *items) {
    size_t pending = 0, done = 0, failed = 0;

    for (size_t i = 0; i < items->count; i++) pending += needs_work(&items->item[i]);
    items_release(items);
    for (size_t i = 0; i < items->count; i++) {
        struct item *item = &items->item[i];

        if (!needs_work(item)) continue;
        if (item->plan.action == PLAN_CREATE || item->plan.action == PLAN_CHANGE || item->plan.stray) item_make(item);
        failed += item->plan.action == PLAN_FAIL || item->plan.action == PLAN_WAIT;
        report_progress(++done, pending);
    }
    return failed;
}

/* Plans all by what is there now; at the first PASS also what is to be removed. */
static int look(struct items *items, struct links *taps, const struct options *options, int pass,
                size_t *pending) {
    int error = links_read(taps);

    if (error) {
        return error;
    }
    plan_all(items, taps, options);
    if (!pass) {
        error = items_plan_removals(items, taps, options);
    }
    if (error) {
        return error;
    }
    items_foresee(items, taps, options);
    *pending = count_pending(items, options, pass == PASSES);
    return 0;
}

static int apply(struct items *items, const struct options *options) {
    struct links taps = {0};
    size_t pending, failed = 0;
    int error = 0;

    for (int pass = 0; !error; pass++) {
        if (failed) {
            usleep(PAUSE);
        }
        error = look(items, &taps, options, pass, &pending);
        if (error || options->dry_run || pass == PASSES || !pending) {
            break;
        }
        error = items_remove(items, options);
        failed = make_all(items);
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
    struct items items = {0};
    int status = parse(argc, argv, &options), error = 0, fd;

    if (status >= 0) return status;
    do fd = open("/dev/null", O_RDWR | O_CLOEXEC); while (fd >= 0 && fd <= 2); /* no tap may become 0, 1 or 2 */
    if (geteuid() || getauxval(AT_SECURE)) return report_error("tapgrant-apply", "is for root only", 1, options.json);
    if (optind == argc) error = items_read(&items, APPLY_FOLDER);
    for (int i = optind; !error && i < argc; i++) error = items_read(&items, argv[i]);
    if (!error) error = items_check(&items);
    if (items.faulty && (options.prune || options.reap)) {
        /* for --reap, too: what could not be read may declare a user's leftover to be left alone */
        fprintf(stderr, "tapgrant: %s: nothing is removed, because not all of what is declared could be read\n",
                !options.reap ? "--prune" : options.prune ? "--prune, --reap" : "--reap");
        options.prune = options.reap = false;
    }
    if (!error) error = link_connect();
    if (!error) error = links_connect();
    if (!error) error = apply(&items, &options);
    return error ? report_error("tapgrant-apply", strerror(-error), 1, options.json) : report_items(&items, &options);
}
