// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/answer/denial.h"
#include "cli/answer/answer.h"
#include "cli/shared/container.h"
#include "cli/shared/sudo.h"

#include <stdio.h>
#include <string.h>

static bool is_denial(const struct tapgrant_error *error) {
    return error->code == TAPGRANT_DENIED && !strcmp(error->reason_code, "denied");
}

/* The interface of SPEC, if it is one that is denied.  False: it is not, or it is not known. */
static bool find_reason(struct check *check, const char *spec, char reason[CHECK_REASON]) {
    struct tapgrant_error error;
    struct interface_fault fault;
    struct interface wanted;
    struct answer answer;

    if (interface_parse(&wanted, spec, &fault) || answer_decide(check, &wanted, &answer, &error)) {
        return false;
    }
    if (!answer_is_denied(&answer)) {
        return false;
    }
    answer_reason(check, &answer, reason);
    return true;
}

/* The first reason for one of the interfaces; USER NULL: for who runs the command. */
static bool find_first_reason(const char *user,
                              const char *const spec[],
                              size_t count,
                              char reason[CHECK_REASON]) {
    const struct check_question question = {.user = user};
    struct tapgrant_error error;
    struct check check;
    bool is_found = false;

    if (!check_read(&check, &question, &error)) {
        for (size_t i = 0; i < count && !is_found; i++) {
            is_found = find_reason(&check, spec[i], reason);
        }
    }
    check_free(&check);
    return is_found;
}

/* Does the policy allow all of it to this user? */
static bool is_allowed_to(const char *user, const char *const spec[], size_t count) {
    const struct check_question question = {.user = user};
    struct interface_fault fault;
    struct interface wanted;
    struct tapgrant_error error;
    struct answer answer;
    struct check check;
    bool is_allowed = !check_read(&check, &question, &error);

    for (size_t i = 0; i < count && is_allowed; i++) {
        is_allowed = !interface_parse(&wanted, spec[i], &fault) &&
                     !answer_decide(&check, &wanted, &answer, &error) && answer_is_allowed(&answer);
    }
    check_free(&check);
    return is_allowed;
}

static void hint_sudo(const char *const spec[], size_t count, struct tapgrant_error *error) {
    const char *user = sudo_user();

    if (user && is_allowed_to(user, spec, count)) {
        snprintf(error->hint, sizeof(error->hint),
                 "run it without sudo: root asks now, and the policy allows it to %.100s", user);
    }
}

void denial_explain(const char *const spec[], size_t count, struct tapgrant_error *error) {
    char reason[CHECK_REASON];
    size_t used = strlen(error->reason);

    if (!is_denial(error) || container_is()) {
        return;
    }
    if (find_first_reason(NULL, spec, count, reason) &&
        used + strlen(": ") + strlen(reason) < sizeof(error->reason)) {
        snprintf(error->reason + used, sizeof(error->reason) - used, ": %s", reason);
    }
    hint_sudo(spec, count, error);
}
