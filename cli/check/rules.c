// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * All that the user may have: each rule that decides for a bridge of this host, or for taps without
 * one.  Which rule that is, policy_decide() says.
 */
#include "cli/check/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bridge_list {
    char (*name)[WIRE_NAME];
    size_t count;
    bool is_out_of_memory;
};

/* A host_bridge_fn. */
static void add_bridge(const char *name, void *context) {
    struct bridge_list *list = context;
    char(*names)[WIRE_NAME] = reallocarray(list->name, list->count + 1, sizeof(*names));

    if (!names) {
        list->is_out_of_memory = true;
        return;
    }
    list->name = names;
    snprintf(names[list->count], WIRE_NAME, "%s", name);
    list->count++;
}

/* Taps without a bridge, whose name in the list is none, and the bridges of this host. */
static int list_bridges(struct bridge_list *list, struct tapgrant_error *error) {
    int failed;

    add_bridge("none", list);
    failed = host_bridges(add_bridge, list);
    if (!failed && !list->is_out_of_memory) {
        return TAPGRANT_OK;
    }
    *error = (struct tapgrant_error){.code = TAPGRANT_FAILED,
                                     .object = "bridges",
                                     .reason_code = "unknown"};
    snprintf(error->reason, sizeof(error->reason), "%s",
             failed ? strerror(-failed) : "out of memory");
    return TAPGRANT_FAILED;
}

/* The rule that decides for the bridge and the user.  NULL: none does. */
static const struct policy_rule *find_rule(const struct check *check, const char *bridge) {
    struct wire_interface wanted = {.queues = 1};
    struct policy_bridge facts = {.mtu = POLICY_MTU_ALONE, .pinned = true};

    if (strcmp(bridge, "none") != 0) {
        snprintf(wanted.bridge, sizeof(wanted.bridge), "%s", bridge);
        snprintf(facts.name, sizeof(facts.name), "%s", bridge);
        facts.exists = true;
    }
    return policy_decide(&check->policy, &check->subject, &wanted, &facts).rule;
}

static json_t *limit_json(const struct policy_rule *rule, enum policy_key key) {
    const char *value = rule->value[key];

    if (key == POLICY_QUEUES) {
        return json_integer(policy_number(rule, key));
    }
    if (value && (!strcmp(value, "yes") || !strcmp(value, "no"))) {
        return json_boolean(!strcmp(value, "yes"));
    }
    return value ? json_string(value) : json_null();
}

/* What the rule says beside whom and what it is for, by its keys, with _ in the place of -. */
static json_t *limits_json(const struct policy_rule *rule) {
    json_t *limits = json_object();

    for (enum policy_key key = POLICY_ISOLATE; key < POLICY_KEYS; key++) {
        char name[32];

        if (key == POLICY_MAX) {
            continue;
        }
        snprintf(name, sizeof(name), "%s", policy_key_name(key));
        for (char *byte = name; *byte; byte++) {
            *byte = *byte == '-' ? '_' : *byte;
        }
        json_object_set_new(limits, name, limit_json(rule, key));
    }
    return limits;
}

static void add_json(json_t *array,
                     const struct policy_rule *rule,
                     json_t *bridges,
                     uint32_t used) {
    json_t *object =
        json_pack("{s:s, s:i, s:o, s:i, s:i, s:o}", "rule", rule->name, "line", (int)rule->line,
                  "bridges", bridges, "max", (int)policy_number(rule, POLICY_MAX), "used",
                  (int)used, "limits", limits_json(rule));

    json_array_append_new(array, object);
}

static void print_rule(const struct check *check,
                       const struct policy_rule *rule,
                       const json_t *bridges,
                       uint32_t used) {
    printf("rule %s (%s:%u): %u of %u used\n  bridge =", rule->name, check->policy_path, rule->line,
           used, policy_number(rule, POLICY_MAX));
    for (size_t i = 0; i < json_array_size(bridges); i++) {
        printf(" %s", json_string_value(json_array_get(bridges, i)));
    }
    putchar('\n');
    for (enum policy_key key = POLICY_ISOLATE; key < POLICY_KEYS; key++) {
        if (key == POLICY_QUEUES) {
            printf("  queues = %u\n", policy_number(rule, key));
        } else if (rule->value[key] && key != POLICY_MAX) {
            printf("  %s = %s\n", policy_key_name(key), rule->value[key]);
        }
    }
}

/* *HAS_ANY becomes true if the rule gives the user something. */
static int tell_rule(const struct check *check,
                     const struct policy_rule *rule,
                     const struct bridge_list *list,
                     json_t *array,
                     bool *has_any,
                     struct tapgrant_error *error) {
    json_t *bridges = json_array();
    uint32_t used = 0;
    int code = TAPGRANT_OK;

    for (size_t i = 0; i < list->count; i++) {
        if (find_rule(check, list->name[i]) == rule) {
            json_array_append_new(bridges, json_string(list->name[i]));
        }
    }
    if (json_array_size(bridges)) {
        *has_any = true;
        code = check_count_held(check, rule, &used, error);
        if (!code && array) {
            add_json(array, rule, json_incref(bridges), used);
        } else if (!code) {
            print_rule(check, rule, bridges, used);
        }
    }
    json_decref(bridges);
    return code;
}

static int refuse_void(const struct check *check, struct tapgrant_error *error) {
    *error = (struct tapgrant_error){.code = TAPGRANT_DENIED,
                                     .object = "policy",
                                     .reason_code = "denied"};
    snprintf(error->reason, sizeof(error->reason), "nobody is granted anything: %.600s",
             check->void_reason);
    snprintf(error->hint, sizeof(error->hint), "%s", check->void_hint ? check->void_hint : "");
    return TAPGRANT_DENIED;
}

static int tell_all(const struct check *check,
                    const struct bridge_list *list,
                    json_t *array,
                    bool *has_any,
                    struct tapgrant_error *error) {
    char caller[POLICY_WORD];

    *has_any = false;
    for (size_t i = 0; i < check->policy.rule_count; i++) {
        const struct policy_rule *rule = &check->policy.rules[i];
        int code = TAPGRANT_OK;

        if (policy_number(rule, POLICY_MAX)) {
            code = tell_rule(check, rule, list, array, has_any, error);
        }
        if (code) {
            return code;
        }
    }
    if (!*has_any && !array) {
        printf("no rule gives %s anything\n", check_caller_name(check, caller));
    }
    return TAPGRANT_OK;
}

int rules_tell(const struct check *check,
               json_t *array,
               bool *has_any,
               struct tapgrant_error *error) {
    struct bridge_list list = {.count = 0};
    int code;

    if (check->void_reason[0]) {
        return refuse_void(check, error);
    }
    code = list_bridges(&list, error);
    if (!code) {
        code = tell_all(check, &list, array, has_any, error);
    }
    free(list.name);
    return code;
}
