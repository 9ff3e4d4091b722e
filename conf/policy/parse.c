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

/* A line's value, as it is kept until its rule ends: one byte of the key, the value, a NUL. */
struct kept_value {
    enum policy_key key;
    const char *value;
};

struct parser {
    struct policy *policy;
    struct policy_rule *rule; /* NULL: before the first section */
    char *values;             /* where the next rule's values go */
    char *kept;               /* the values of the rule's lines, in their order */
    size_t kept_size;
    bool has_key[POLICY_KEYS]; /* of the rule */
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

static void keep_value(struct parser *parser, enum policy_key key, const char *value) {
    char *kept = parser->kept + parser->kept_size;
    size_t size = strlen(value) + 1;

    kept[0] = (char)key;
    memcpy(kept + 1, value, size);
    parser->kept_size += 1 + size;
    parser->has_key[key] = true;
}

/* The value at *PLACE, and *PLACE behind it.  False: there is none. */
static bool next_kept(const struct parser *parser, size_t *place, struct kept_value *kept) {
    const char *text = parser->kept + *place;

    if (*place == parser->kept_size) {
        return false;
    }
    kept->key = (enum policy_key)text[0];
    kept->value = text + 1;
    *place += 1 + strlen(kept->value) + 1;
    return true;
}

/* Where each key's value begins: behind those of the keys before it. */
static void place_values(struct parser *parser, char *value[POLICY_KEYS]) {
    size_t size[POLICY_KEYS] = {0};
    struct kept_value kept;
    size_t place = 0;

    while (next_kept(parser, &place, &kept)) {
        size[kept.key] += strlen(kept.value) + 1;
    }
    for (enum policy_key key = POLICY_USER; key < POLICY_KEYS; key++) {
        value[key] = parser->values;
        if (size[key]) {
            parser->rule->value[key] = parser->values;
        }
        parser->values += size[key];
    }
}

/*
 * The rule is complete: the lines of a key become one value, a blank between two lines.  The values
 * are put together only here, so that the time is that of the text, whatever the order of its
 * lines.
 */
static void end_rule(struct parser *parser) {
    char *value[POLICY_KEYS];
    size_t used[POLICY_KEYS] = {0};
    struct kept_value kept;
    size_t place = 0;

    if (!parser->rule) {
        return;
    }
    place_values(parser, value);
    while (next_kept(parser, &place, &kept)) {
        size_t size = strlen(kept.value) + 1;

        if (used[kept.key]) {
            value[kept.key][used[kept.key] - 1] = ' ';
        }
        memcpy(value[kept.key] + used[kept.key], kept.value, size);
        used[kept.key] += size;
    }
    parser->kept_size = 0;
    memset(parser->has_key, 0, sizeof(parser->has_key));
}

/* A rule stays without a name where its line is faulty: its keys have faults of their own. */
static const char *take_section(void *context, unsigned line, const char *name) {
    struct parser *parser = context;
    struct policy_rule *rule = &parser->policy->rules[parser->policy->rule_count];
    ENTRY *first;

    end_rule(parser);
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

static const char *key_fault(const struct parser *parser,
                             enum policy_key key,
                             const char *value) {
    if (key == POLICY_KEYS) {
        return "unknown key";
    }
    if (parser->has_key[key] && !policy_key_has_words(key)) {
        return POLICY_REPEATED_KEY;
    }
    return *value ? NULL : "empty value";
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
    fault.reason = key_fault(parser, fault.key, value);
    if (!fault.reason) {
        fault.detail = value;
        keep_value(parser, fault.key, value);
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
    /* A value, its NUL and a byte for its key are shorter than its line.  There is room for the
     * values of all rules, and behind it for the lines of one. */
    policy->text = malloc(2 * size + 2);
    policy->rules = calloc(most, sizeof(*policy->rules));
    if (!policy->text || !policy->rules || !hcreate(most)) {
        return -ENOMEM;
    }
    parser.values = policy->text;
    parser.kept = policy->text + size + 1;
    error = ini_read(text, size, &handler);
    end_rule(&parser);
    for (size_t i = 0; i < policy->rule_count; i++) {
        if (policy->rules[i].name[0]) {
            report_missing_keys(&parser, &policy->rules[i]);
        }
    }
    hdestroy();
    return error || parser.faults ? -EINVAL : 0;
}
