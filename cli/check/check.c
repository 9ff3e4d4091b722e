// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tapgrant check: the policy's answer, and why.  The helper gives one denial for every cause.  Here
 * the same code decides as in the helper, and the cause is told, as far as the user may read the
 * files that it depends on.
 */
#include "cli/check/check.h"
#include "cli/shared/container.h"
#include "cli/shared/interfaces.h"
#include "cli/shared/options.h"
#include "cli/shared/sudo.h"

#include <getopt.h>
#include <stdio.h>

static const char usage[] =
    "Usage: tapgrant check [--user USER] [--other-netns] [--policy FILE] [--json]\n"
    "                      [--net SPEC [--net SPEC]... | -f FILE]\n"
    "Tells whether the policy allows the interfaces to you, or to USER, and which rule says so;\n"
    "or for each rule the first condition that does not hold.  Without interfaces: all that you,\n"
    "or USER, may have.  Nothing is opened or made.\n"
    "Exit status 0: all are allowed; 3: one is not; 1: it cannot be known here.\n";

/* The command line. */
struct request {
    struct check_question question;
    struct interfaces interfaces;
};

/* What the library refuses, whatever the policy says. */
static int check_queues(const struct interfaces *interfaces) {
    unsigned queues = 0;

    for (size_t i = 0; i < interfaces->count; i++) {
        if (interfaces->wanted[i].managed) {
            queues += interfaces->wanted[i].queues;
        }
    }
    if (queues > WIRE_QUEUES) {
        return output_usage(interfaces->json, "%u queues (at once at most %d)", queues,
                            WIRE_QUEUES);
    }
    return 0;
}

/* Says the answer on each interface, as text or into ARRAY.  *IS_ALLOWED false: one is denied. */
static int answer_all(struct check *check,
                      const struct interfaces *interfaces,
                      json_t *array,
                      bool *is_allowed) {
    struct tapgrant_error error;

    *is_allowed = true;
    for (size_t i = 0; i < interfaces->count; i++) {
        struct answer answer;

        if (answer_decide(check, &interfaces->wanted[i], &answer, &error)) {
            return output_error(&error, interfaces->json);
        }
        if (array) {
            json_array_append_new(array, answer_json(check, &answer));
        } else {
            answer_print(check, &answer, interfaces->where[i]);
        }
        *is_allowed &= answer_is_allowed(&answer);
    }
    return TAPGRANT_OK;
}

/* With interfaces, the answer on each; without, all that the user may have. */
static int answer(struct check *check,
                  const struct interfaces *interfaces,
                  json_t *array,
                  bool *is_allowed) {
    struct tapgrant_error error;

    if (interfaces->count) {
        return answer_all(check, interfaces, array, is_allowed);
    }
    if (rules_tell(check, array, is_allowed, &error)) {
        return output_error(&error, interfaces->json);
    }
    return TAPGRANT_OK;
}

static int answer_and_print(struct check *check, const struct interfaces *interfaces) {
    json_t *array = interfaces->json ? json_array() : NULL;
    bool is_allowed = false;
    int code = answer(check, interfaces, array, &is_allowed);

    if (code) {
        json_decref(array);
        return code;
    }
    code = interfaces->json ? output_json(array) : output_end();
    if (code) {
        return code;
    }
    return is_allowed ? TAPGRANT_OK : TAPGRANT_DENIED;
}

/* The policy that decides is not here. */
static int refuse_in_container(const struct request *request) {
    const struct interfaces *interfaces = &request->interfaces;
    struct tapgrant_error error = {.code = TAPGRANT_FAILED,
                                   .object = "policy",
                                   .reason = CONTAINER_REASON,
                                   .reason_code = "on_host"};

    container_command(request->question.user, interfaces->spec, interfaces->count, error.hint);
    return output_error(&error, interfaces->json);
}

/* With sudo it is root that asks, which is seldom meant. */
static void note_sudo(const struct request *request) {
    const char *user = request->question.user ? NULL : sudo_user();

    if (user) {
        fprintf(stderr, "note: sudo makes root ask; for %s: tapgrant check --user %s ...\n", user,
                user);
    }
}

static int read_and_answer(const struct request *request) {
    struct tapgrant_error error;
    struct check check;
    int code;

    if (!request->question.policy && container_is()) {
        return refuse_in_container(request);
    }
    code = check_read(&check, &request->question, &error);
    if (code) {
        code = output_error(&error, request->interfaces.json);
    } else {
        code = answer_and_print(&check, &request->interfaces);
    }
    check_free(&check);
    note_sudo(request);
    return code;
}

static int parse_and_answer(struct request *request, int argc, char *argv[]) {
    struct interfaces *interfaces = &request->interfaces;
    struct check_question *question = &request->question;
    const struct option_row own[] = {
        {"user", "USER", "asks for USER, a name or an id, not for you", .last = &question->user},
        {"other-netns", NULL, "asks as from another network namespace, as a container's",
         .flag = &question->other_netns},
        {"policy", "FILE", "asks this policy, not the installed one", .once = &question->policy},
        {"json", NULL, "prints JSON, also of what goes wrong", .flag = &interfaces->json},
        {.name = NULL}};
    int code = interfaces_parse_any(interfaces, argc, argv, own, usage);

    if (code) {
        return code < 0 ? TAPGRANT_OK : code;
    }
    if (optind < argc) {
        return output_usage(interfaces->json, "check takes options only, not '%s'", argv[optind]);
    }
    code = check_queues(interfaces);
    return code ? code : read_and_answer(request);
}

int check_main(int argc, char *argv[]) {
    struct request request = {.question = {.user = NULL}};
    int code = parse_and_answer(&request, argc, argv);

    interfaces_free(&request.interfaces);
    return code;
}
