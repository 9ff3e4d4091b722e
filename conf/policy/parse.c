// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The policy's text -> rules, all or nothing.
 * Hostile here: nothing, the file is root's; but a misread line would grant what nobody wrote.  inih cuts long
 * lines and section names, joins indented ones, ends at a NUL, ignores text behind ']', takes ':' for '=' and ';'
 * for a comment, and merges what is repeated; so each line is checked before inih sees it, and a line that could
 * be read in two ways never gets there.
 * Privilege held: root (names are looked up before the drop).
 */
#include "conf/policy/policy.h"
#include "helper/system.h"

#include <ini.h>

struct parser {
    struct policy *policy;
    struct policy_rule *rule;
    const char *next, *end;
    char *values;
    unsigned line, faults;
    policy_fault_fn *fault;
    void *context;
};

static void report(struct parser *parser, unsigned line, const char *reason, const char *detail) {
    parser->faults++;
    if (parser->fault) parser->fault(parser->context, line, reason, detail);
}

/* Has a value of user = a word for many? */
static bool is_broad(const char *value) {
    char word[POLICY_LINE + 1];
    bool found = false;

    while (!found && policy_next(&value, word)) {
        found = policy_word_is_broad(word);
    }
    return found;
}

/* inih's handler: one key and its value.  Of the section check_line() knows. */
static int take_key(void *context, const char *section __attribute__((unused)), const char *name, const char *value) {
    struct parser *parser = context;
    struct policy_rule *rule = parser->rule;
    enum policy_key key = POLICY_USER;
    const char *reason;
    int test;

    if (!name) return 1; /* a new section, of which an option of inih tells */
    while (key < POLICY_KEYS && strcmp(name, policy_key_name(key))) key++;
    reason = !rule ? "key before a section" : key == POLICY_KEYS ? "unknown key"
             : rule->value[key] ? "repeated key" : !*value ? "empty value" : NULL;
    if (!reason) {
        rule->value[key] = memcpy(parser->values, value, strlen(value) + 1);
        parser->values += strlen(value) + 1;
        test = policy_test(parser->policy, key, rule->value[key], NULL, 0);
        reason = test == -EINVAL ? "bad value" : NULL;
        parser->policy->names_caller |= !!strstr(value, "{user}");
        parser->policy->names |= test == -ENOENT || parser->policy->names_caller;
        parser->policy->is_broad |= key == POLICY_USER && is_broad(value);
    }
    if (reason) report(parser, parser->line, reason, *value && key < POLICY_KEYS ? value : name);
    return 1;
}

/* [rule NAME].  A rule stays nameless where the line is faulty: its keys are still read, for their own faults. */
static const char *begin_rule(struct parser *parser, const char *line, size_t length) {
    struct policy_rule *rule = parser->rule = &parser->policy->rules[parser->policy->rule_count++];
    size_t name = length > 7 ? length - 7 : 0;
    ENTRY *first;

    rule->line = parser->line;
    if (strncmp(line, "[rule ", 6) || line[length - 1] != ']') return "unknown section, or text after ]";
    if (!name || name > 32 || strspn(line + 6, POLICY_NAME) != name) return "bad name of a rule";
    memcpy(rule->name, line + 6, name);
    first = hsearch((ENTRY){rule->name, rule}, ENTER);
    return !first ? "out of memory" : first->data != rule ? "repeated section" : NULL;
}

/* What is wrong with a line, before inih sees it. */
static const char *check_line(struct parser *parser, const char *line, size_t length) {
    size_t key = 0;

    if (line + length == parser->end) return "no newline at the end of the file";
    if (length > POLICY_LINE) return "line of over 190 bytes";
    for (size_t i = 0; i < length; i++) if (line[i] < ' ' || line[i] > '~') return "control or non-ASCII byte";
    if (!length || line[0] == ';' || line[0] == '#') return NULL;
    if (line[0] == ' ' || line[0] == '[') return line[0] == ' ' ? "leading blank" : begin_rule(parser, line, length);
    if (memchr(line, ';', length) || memchr(line, '#', length)) return "a comment stands on a line of its own";
    while (line[key] == '-' || (line[key] >= 'a' && line[key] <= 'z')) key++; /* strspn(3) would make a table for each line */
    return key && line[key + strspn(line + key, " ")] == '=' ? NULL : "no [section], no key = value, no ; comment";
}

/* inih's reader: the next line, or an empty one in the place of a faulty one. */
static char *read_line(char *out, int size, void *stream) {
    struct parser *parser = stream;
    const char *line = parser->next, *newline = memchr(line, '\n', (size_t)(parser->end - line)), *reason;
    size_t length = (size_t)((newline ? newline : parser->end) - line);

    if (line == parser->end) return NULL;
    parser->next = newline ? newline + 1 : parser->end;
    parser->line++;
    reason = check_line(parser, line, length);
    if (!reason && length + 2 > (size_t)size) reason = "longer than inih reads";
    if (reason) report(parser, parser->line, reason, NULL);
    memcpy(mempcpy(out, line, reason ? 0 : length), "\n", 2);
    return out;
}

static void report_missing(struct parser *parser, const struct policy_rule *rule) {
    const char *bridges = rule->value[POLICY_BRIDGE];
    char word[POLICY_LINE + 1];
    bool bridged = false;

    while (bridges && policy_next(&bridges, word)) bridged |= !!strcmp(word, "none");
    for (enum policy_key key = POLICY_USER; rule->name[0] && key <= POLICY_LOCK_MAC; key++)
        if (!rule->value[key] && (key <= POLICY_BRIDGE || bridged))
            report(parser, rule->line, "missing key", policy_key_name(key));
}

int policy_parse(struct policy *policy, const char *text, size_t size, policy_fault_fn *fault, void *context) {
    struct parser parser = {.policy = policy, .next = text, .end = text + size, .fault = fault, .context = context};
    size_t rules = 1;

    for (size_t i = 0; i < size; i++) rules += text[i] == '[';
    *policy = (struct policy){.text = malloc(size + 1), .rules = calloc(rules, sizeof(*policy->rules))};
    parser.values = policy->text;
    if (!policy->text || !policy->rules || !hcreate(rules)) return -ENOMEM;
    if (ini_parse_stream(read_line, &parser, take_key, &parser)) report(&parser, parser.line, "not read by inih", NULL);
    for (size_t i = 0; i < policy->rule_count; i++) report_missing(&parser, &policy->rules[i]);
    hdestroy();
    return parser.faults ? -EINVAL : 0;
}
