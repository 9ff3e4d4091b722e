// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The answer as an object.
 */
#include "cli/check/check.h"
#include "cli/shared/accounts.h"

static const char *text_or_null(const char *text) {
    return text[0] ? text : NULL;
}

static json_t *rule_json(const struct rule_answer *one) {
    const char *failed = NULL;

    if (one->failed < POLICY_KEYS) {
        failed = policy_key_name(one->failed);
    }
    return json_pack("{s:s, s:i, s:s?, s:s?, s:s?}", "rule", one->rule->name, "line",
                     (int)one->rule->line, "failed", failed, "detail", text_or_null(one->detail),
                     "hint", text_or_null(one->hint));
}

static json_t *rules_json(const struct check *check, const struct answer *answer) {
    json_t *array = json_array();
    struct rule_answer one;

    for (size_t i = 0; i < answer->tried; i++) {
        answer_explain(check, answer, i, &one);
        json_array_append_new(array, rule_json(&one));
    }
    return array;
}

/* The line of the caller's subordinate id and its owner; null: it is none, or no rule asks. */
static json_t *subordinate_json(const struct policy_subject *subject) {
    struct policy_subuid line;
    char owner[ACCOUNTS_OWNER];

    if (!subject->subuid_line || !accounts_subordinate(subject->caller.uid, &line)) {
        return json_null();
    }
    return json_pack("{s:i, s:s}", "line", (int)line.line, "owner", accounts_owner(&line, owner));
}

json_t *answer_json(const struct check *check, const struct answer *answer) {
    const struct policy_rule *rule = answer->rule;

    return json_pack("{s:s?, s:s, s:s?, s:o, s:o, s:o, s:o, s:s?, s:s?, s:o}", "label",
                     text_or_null(answer->wanted->label), "verdict",
                     answer_is_allowed(answer) ? "allow" : "deny", "rule", rule ? rule->name : NULL,
                     "line", rule ? json_integer(rule->line) : json_null(), "used",
                     rule ? json_integer(answer->used) : json_null(), "max",
                     rule ? json_integer(policy_number(rule, POLICY_MAX)) : json_null(), "rules",
                     rules_json(check, answer), "reason", text_or_null(check->void_reason), "hint",
                     check->void_hint, "subordinate", subordinate_json(&check->subject));
}
