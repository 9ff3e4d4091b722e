// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The policy's text -> rules, all or nothing.
 * Hostile here: nothing, the file is root's; but a line that is misread would grant what nobody
 * wrote, so a policy with a fault is void.
 * Privilege held in the helper: root.
 */
#include "conf/ini/ini.h"
#include "conf/policy/policy.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(POLICY_LINE == INI_LINE, "a word of a value is never longer than a line");

struct parser {
    struct policy *policy;
    struct policy_rule *rule; /* NULL: before the first section */
    char *values;             /* where the next value goes */
    char *end[POLICY_KEYS];   /* of the rule's values: their NULs */
    unsigned faults;
    policy_fault_fn *fault;
    void *context;
};

static void report(struct parser *parser, const struct policy_fault *fault) {
    parser->faults++;
    if (parser->fault) {
        parser->fault(parser->context, fault);
    }
}

static void take_fault(void *context, unsigned line, const char *reason) {
    report(context, &(struct policy_fault){line, reason, POLICY_KEYS, NULL});
}

/* A rule stays without a name where its line is faulty: its keys have faults of their own. */
static const char *take_section(void *context, unsigned line, const char *name) {
    struct parser *parser = context;
    struct policy_rule *rule = &parser->policy->rules[parser->policy->rule_count];
    ENTRY *first;

    parser->policy->rule_count++;
    parser->rule = rule;
    rule->line = line;
    if (!name) {
        return "unknown section, or text after ] (a section is [rule NAME])";
    }
    if (!wire_word_valid(name)) {
        return "bad name of a rule (1-32 of A-Z a-z 0-9 _ -)";
    }
    memcpy(rule->name, name, strlen(name));
    first = hsearch((ENTRY){rule->name, rule}, ENTER);
    if (!first) {
        return "out of memory";
    }
    return first->data == rule ? NULL : "repeated section";
}

/* POLICY_KEYS: there is no key of this name. */
static enum policy_key find_key(const char *name) {
    enum policy_key key = POLICY_USER;

    while (key < POLICY_KEYS && strcmp(name, policy_key_name(key)) != 0) {
        key++;
    }
    return key;
}

static const char *key_fault(const struct policy_rule *rule,
                             enum policy_key key,
                             const char *value) {
    if (key == POLICY_KEYS) {
        return "unknown key";
    }
    if (rule->value[key] && !policy_key_has_words(key)) {
        return POLICY_REPEATED_KEY;
    }
    return *value ? NULL : "empty value";
}

static void store_value(struct parser *parser, enum policy_key key, const char *value) {
    size_t size = strlen(value) + 1;

    memcpy(parser->values, value, size);
    parser->rule->value[key] = parser->values;
    parser->values += size;
    parser->end[key] = parser->values - 1;
}

/*
 * Adds the words of a further line: a blank and VALUE in the place of the NUL.  The values behind
 * it are of the same rule, and move up.
 */
static void append_value(struct parser *parser, enum policy_key key, const char *value) {
    size_t size = strlen(value) + 1;
    char *end = parser->end[key];

    memmove(end + size, end, (size_t)(parser->values - end));
    *end = ' ';
    memcpy(end + 1, value, size - 1);
    parser->values += size;
    parser->end[key] += size;
    for (enum policy_key other = POLICY_USER; other < POLICY_KEYS; other++) {
        const char **text = &parser->rule->value[other];

        if (*text && *text > end) {
            *text += size;
            parser->end[other] += size;
        }
    }
}

static void take_value(struct parser *parser, enum policy_key key, const char *value) {
    if (parser->rule->value[key]) {
        append_value(parser, key, value);
    } else {
        store_value(parser, key, value);
    }
}

static bool has_broad_word(const char *value) {
    char word[POLICY_LINE + 1];
    bool found = false;

    while (!found && policy_next(&value, word)) {
        found = policy_word_is_broad(word);
    }
    return found;
}

/*
 * Says whether it is a value of the key, and notes which files it needs: as long as no file is
 * read, every name is one that is not known.
 */
static const char *value_fault(struct policy *policy, enum policy_key key, const char *value) {
    static const struct policy_accounts not_read_yet;
    int error = policy_check_value(&not_read_yet, key, value);

    if (strstr(value, "{user}")) {
        policy->has_caller_name = true;
    }
    if (error == -ENOENT || policy->has_caller_name) {
        policy->has_names = true;
    }
    if (key == POLICY_USER && has_broad_word(value)) {
        policy->has_broad_words = true;
    }
    return error == -EINVAL ? POLICY_BAD_VALUE : NULL;
}

static void take_key(void *context, unsigned line, const char *name, const char *value) {
    struct parser *parser = context;
    struct policy_fault fault = {.line = line, .key = find_key(name), .detail = name};

    if (!parser->rule) {
        take_fault(parser, line, "key before a section ([rule NAME] begins one)");
        take_section(parser, line, NULL); /* so it is said once, and not of each further key */
        return;
    }
    fault.reason = key_fault(parser->rule, fault.key, value);
    if (!fault.reason) {
        fault.detail = value;
        take_value(parser, fault.key, value);
        fault.reason = value_fault(parser->policy, fault.key, value);
    }
    if (fault.reason) {
        report(parser, &fault);
    }
}

/* Does the value name a bridge, and not only none? */
static bool has_bridge(const char *value) {
    char word[POLICY_LINE + 1];
    bool found = false;

    while (value && !found && policy_next(&value, word)) {
        found = strcmp(word, "none") != 0;
    }
    return found;
}

static bool is_required(const struct policy_rule *rule, enum policy_key key) {
    if (key == POLICY_USER || key == POLICY_BRIDGE) {
        return true;
    }
    if (key == POLICY_ISOLATE || key == POLICY_LOCK_MAC) {
        return has_bridge(rule->value[POLICY_BRIDGE]);
    }
    return false;
}

static void report_missing_keys(struct parser *parser, const struct policy_rule *rule) {
    for (enum policy_key key = POLICY_USER; key < POLICY_KEYS; key++) {
        if (!rule->value[key] && is_required(rule, key)) {
            struct policy_fault fault = {rule->line, POLICY_MISSING_KEY, key, policy_key_name(key)};

            report(parser, &fault);
        }
    }
}

/*
 * At least as many as TEXT has, and one for keys before the first.  conf/ini takes no line without
 * a '[' for a section.
 */
static size_t count_sections(const char *text, size_t size) {
    size_t count = 1;

    for (size_t i = 0; i < size; i++) {
        count += text[i] == '[';
    }
    return count;
}

int policy_parse(struct policy *policy,
                 const char *text,
                 size_t size,
                 policy_fault_fn *fault,
                 void *context) {
    size_t most = count_sections(text, size);
    struct parser parser = {.policy = policy, .fault = fault, .context = context};
    const struct ini_handler handler = {.kind = "rule",
                                        .context = &parser,
                                        .section = take_section,
                                        .key = take_key,
                                        .fault = take_fault};
    int error;

    *policy = (struct policy){0};
    policy->text = malloc(size + 1); /* a value and its NUL are shorter than its line */
    policy->rules = calloc(most, sizeof(*policy->rules));
    if (!policy->text || !policy->rules || !hcreate(most)) {
        return -ENOMEM;
    }
    parser.values = policy->text;
    error = ini_read(text, size, &handler);
    for (size_t i = 0; i < policy->rule_count; i++) {
        if (policy->rules[i].name[0]) {
            report_missing_keys(&parser, &policy->rules[i]);
        }
    }
    hdestroy();
    return error || parser.faults ? -EINVAL : 0;
}
