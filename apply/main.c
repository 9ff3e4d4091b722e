// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tapgrant-apply: makes the administrator's definitions real.  It is root's, and never setuid: a
 * user who can run it has all the privilege that it uses.
 *
 *   read    definition files; every fault is reported, and what is faultless goes on
 *   run     plan and carry out, run.c
 *   report  what was done, or the plan as a diff
 */
#include "apply/links/links.h"
#include "apply/read.h"
#include "apply/report.h"
#include "apply/run.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#define USAGE 2    /* the exit status */
#define GO_ON (-1) /* instead of an exit status */

static const char help[] =
    "Usage: tapgrant-apply [--dry-run] [--prune] [--reap] [--force] [--json] [FILE|DIR]...\n"
    "Makes the taps that are declared in FILEs, or in the *.conf of DIRs;"
    " by default of\n" APPLY_FOLDER ".\n"
    "  --dry-run  change nothing: print the plan as a diff\n"
    "  --prune    remove the taps of its own that are no longer declared\n"
    "  --reap     remove users' persistent taps that nobody uses\n"
    "  --force    also those in use; and make anew what cannot be changed\n"
    "  --json     say it as JSON\n";

static int refuse(const struct options *options, const char *reason) {
    report_error("usage", reason, USAGE, options->json);
    fputs("hint: tapgrant-apply --help shows how\n", stderr);
    return USAGE;
}

/* The exit status. */
static int print_and_end(const char *text) {
    return fputs(text, stdout) < 0 || fflush(stdout);
}

/* Wherever --json stands, a fault before it is reported as JSON too. */
static bool asks_for_json(int argc, char *argv[]) {
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--json")) {
            return true;
        }
    }
    return false;
}

static bool are_folders(int count, char *const path[]) {
    struct stat kind;

    for (int i = 0; i < count; i++) {
        if (stat(path[i], &kind) || !S_ISDIR(kind.st_mode)) {
            return false;
        }
    }
    return true;
}

/* GO_ON, or the exit status. */
static int take_option(int option, struct options *options) {
    switch (option) {
    case 'h':
        return print_and_end(help);
    case 'v':
        return print_and_end("tapgrant-apply " TAPGRANT_VERSION "\n");
    case 'd':
        options->dry_run = true;
        break;
    case 'p':
        options->prune = true;
        break;
    case 'r':
        options->reap = true;
        break;
    case 'f':
        options->force = true;
        break;
    case 'j':
        options->json = true;
        break;
    default:
        return refuse(options, "unknown option");
    }
    return GO_ON;
}

/* The options of ARGV.  GO_ON, or the exit status. */
static int parse(int argc, char *argv[], struct options *options) {
    static const struct option names[] = {
        {"dry-run", no_argument, NULL, 'd'}, {"prune", no_argument, NULL, 'p'},
        {"reap", no_argument, NULL, 'r'},    {"force", no_argument, NULL, 'f'},
        {"json", no_argument, NULL, 'j'},    {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'}, {0}};
    int status = GO_ON;
    int option;

    opterr = 0;
    options->json = asks_for_json(argc, argv);
    option = getopt_long(argc, argv, "", names, NULL);
    while (option != -1 && status == GO_ON) {
        status = take_option(option, options);
        if (status == GO_ON) {
            option = getopt_long(argc, argv, "", names, NULL);
        }
    }
    if (status != GO_ON) {
        return status;
    }
    if (options->prune && !are_folders(argc - optind, argv + optind)) {
        return refuse(options, "--prune needs the whole of what is declared, not single files");
    }
    return GO_ON;
}

/* Opens those of 0, 1 and 2 that are closed: no tap and no file may become one of them. */
static void fill_standard_streams(void) {
    int fd;

    do {
        fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    } while (fd >= 0 && fd <= STDERR_FILENO);
}

static int read_paths(struct resources *resources, int count, char *path[], struct report *report) {
    static const char *const standard[] = {APPLY_FOLDER};

    if (!count) {
        return resources_read(resources, standard, 1, report);
    }
    return resources_read(resources, (const char *const *)path, (size_t)count, report);
}

/*
 * If something could not be read, nothing is removed for not being declared.  Nor are leftovers:
 * what could not be read may declare that a user's leftover is left alone.
 */
static void drop_removals(struct options *options) {
    const char *what = "--prune";

    if (options->reap) {
        what = options->prune ? "--prune, --reap" : "--reap";
    }
    if (!options->prune && !options->reap) {
        return;
    }
    fprintf(stderr,
            "tapgrant: %s: nothing is removed, because not all of what is declared could be read\n",
            what);
    options->prune = false;
    options->reap = false;
}

static int connect_and_run(struct resources *resources, const struct options *options) {
    int error = links_connect();

    if (error) {
        return error;
    }
    return resources_run(resources, options);
}

int main(int argc, char *argv[]) {
    struct options options = {.dry_run = false};
    struct report report = {.options = &options};
    struct resources resources = {.resource = NULL};
    int status = parse(argc, argv, &options);
    int error;

    if (status != GO_ON) {
        return status;
    }
    fill_standard_streams();
    if (geteuid() || getauxval(AT_SECURE)) {
        return report_error("tapgrant-apply", "is for root only", 1, options.json);
    }
    error = link_connect();
    if (!error) {
        error = read_paths(&resources, argc - optind, argv + optind, &report);
    }
    if (resources.is_incomplete) {
        drop_removals(&options);
    }
    if (!error) {
        error = connect_and_run(&resources, &options);
    }
    if (error) {
        return report_error("tapgrant-apply", strerror(-error), 1, options.json);
    }
    return report_resources(&report, &resources);
}
