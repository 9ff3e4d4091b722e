// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tapgrant check: the policy's answer, and why.  The helper gives one denial for every cause.  Here
 * the same code decides as in the helper, and the cause is told, as far as the user may read the
 * files that it depends on.
 */
#include "cli/check/check.h"
#include "cli/options.h"

#include <getopt.h>

static const char usage[] =
    "Usage: tapgrant check [--user USER] [--other-netns] [--json] --net SPEC [--net SPEC]...\n"
    "       tapgrant check [--user USER] [--other-netns] [--json] -f FILE\n"
    "Tells whether the policy allows the interfaces to you, or to USER, and which rule says so;\n"
    "or for each rule the first condition that does not hold.  Nothing is opened or made.\n"
    "Exit status 0: all are allowed; 3: one is not.\n";

/* What the library refuses, whatever the policy says. */
static int check_queues(const struct interfaces *interfaces) {
    unsigned queues = 0;

    for (size_t i = 0; i < interfaces->count; i++) {
        if (interfaces->wanted[i].managed) {
            queues += interfaces->wanted[i].queues;
        }
    }
    if (queues > WIRE_QUEUES) {
        return output_usage(
            interfaces->json, "%u queues (at once at most %d)", queues, WIRE_QUEUES);
    }
    return 0;
}

static int read_all(struct check *check, const char *user, bool other_netns, bool json) {
    int code = check_read_caller(check, user, json);

    check->caller.is_in_other_netns = other_netns;
    return code ? code : check_read_policy(check, json);
}

/* Says the answer on each interface, as text or into ARRAY.  False: one is denied. */
static bool answer_all(struct check *check, const struct interfaces *interfaces, json_t *array) {
    bool is_allowed = true;

    for (size_t i = 0; i < interfaces->count; i++) {
        struct answer answer;

        answer_decide(check, &interfaces->wanted[i], &answer);
        if (array) {
            json_array_append_new(array, answer_json(check, &answer));
        } else {
            answer_print(check, &answer, interfaces->where[i]);
        }
        if (!answer_is_allowed(&answer)) {
            is_allowed = false;
        } else if (answer.rule) {
            check->granted[check->granted_count] = answer.rule;
            check->granted_count++;
        }
    }
    return is_allowed;
}

static int read_and_answer(struct check *check,
                           const struct interfaces *interfaces,
                           const char *user,
                           bool other_netns) {
    json_t *array = NULL;
    bool is_allowed;
    int code = read_all(check, user, other_netns, interfaces->json);

    if (code) {
        return code;
    }
    if (interfaces->json) {
        array = json_array();
    }
    is_allowed = answer_all(check, interfaces, array);
    code = interfaces->json ? output_json(array) : output_end();
    if (code) {
        return code;
    }
    return is_allowed ? TAPGRANT_OK : TAPGRANT_DENIED;
}

static int parse_and_answer(struct interfaces *interfaces, int argc, char *argv[]) {
    const char *user = NULL;
    bool other_netns = false;
    const struct option_row own[] = {
        {"user", "USER", "asks for USER, a name or an id, not for you", .last = &user},
        {"other-netns", NULL, "asks as from another network namespace, as a container's",
         .flag = &other_netns},
        {"json", NULL, "prints JSON, also of what goes wrong", .flag = &interfaces->json},
        {.name = NULL}};
    struct check check = {.void_reason = ""};
    int code = interfaces_parse(interfaces, argc, argv, own, usage);

    if (code) {
        return code < 0 ? TAPGRANT_OK : code;
    }
    if (optind < argc) {
        return output_usage(interfaces->json, "check takes options only, not '%s'", argv[optind]);
    }
    code = check_queues(interfaces);
    if (code) {
        return code;
    }
    code = read_and_answer(&check, interfaces, user, other_netns);
    check_free(&check);
    return code;
}

int check_main(int argc, char *argv[]) {
    struct interfaces interfaces;
    int code = parse_and_answer(&interfaces, argc, argv);

    interfaces_free(&interfaces);
    return code;
}
