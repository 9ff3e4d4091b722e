// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The faults of a policy for a person: in the order of their lines, with what is allowed there, and
 * without those that follow from others.  The helper needs none of it: for it one fault is enough.
 */
#include "cli/shared/policy_file.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES "A-Z a-z 0-9 _ - . with *, {uid} and {user}, separated by blanks"
#define ADDRESSES "six octets, each 52 or *, or fewer and one * for the rest: 52:54:00:*"
#define YES_OR_NO "yes or no"
#define KEYS_TEXT 256 /* bytes: more than the names of all keys */

static const char *const forms[POLICY_KEYS] = {
    [POLICY_USER] = "names, uids, ranges 5000-5999, %group, %gid or *, separated by blanks; a name "
                    "with other bytes than A-Z a-z 0-9 _ - . is written as its id",
    [POLICY_BRIDGE] = "none, or names of " NAMES,
    [POLICY_ISOLATE] = YES_OR_NO,
    [POLICY_LOCK_MAC] = YES_OR_NO,
    [POLICY_DEV] = "names of " NAMES,
    [POLICY_GUEST_MAC] = ADDRESSES,
    [POLICY_HOST_MAC] = ADDRESSES,
    [POLICY_MTU] = "a number or a range of 68-65521",
    [POLICY_QUEUES] = "a number of 1-253",
    [POLICY_MAX] = "a number of 0-256",
    [POLICY_ALLOW_UNPINNED] = YES_OR_NO,
    [POLICY_ALLOW_RA] = YES_OR_NO,
    [POLICY_ALLOW_OTHER_NETNS] = YES_OR_NO,
};

/* A fault that is kept until all are known. */
struct kept_fault {
    struct policy_fault fault;    /* its detail points to the next one, when all are known */
    char detail[POLICY_LINE + 1]; /* "": it has none */
    size_t order;                 /* in which it was told */
    const char *text;             /* its line, up to the end of the file */
};

struct collection {
    struct kept_fault *faults;
    size_t count;
    size_t room;
    bool is_out_of_memory;
};

bool policy_word_is_bad(enum policy_key key, const char *word) {
    static const struct policy_accounts none; /* a name that is in no file is not bad */

    return policy_check_value(&none, key, word) == -EINVAL;
}

/* The bad words of a list; any other value as it is. */
static void write_bad_words(const struct policy_fault *fault, char words[POLICY_LINE + 1]) {
    const char *value = fault->detail;
    char word[POLICY_LINE + 1];
    size_t length = 0;

    snprintf(words, POLICY_LINE + 1, "%s", value);
    if (!policy_key_has_words(fault->key)) {
        return;
    }
    while (policy_next(&value, word)) {
        if (policy_word_is_bad(fault->key, word)) {
            length += (size_t)snprintf(words + length, POLICY_LINE + 1 - length, "%s%s",
                                       length ? " " : "", word);
        }
    }
}

/* Into FORM the keys that there are, or those that may be repeated. */
static void write_keys(bool only_lists, char form[KEYS_TEXT]) {
    size_t length = 0;

    for (enum policy_key key = POLICY_USER; key < POLICY_KEYS; key++) {
        if (only_lists && !policy_key_has_words(key)) {
            continue;
        }
        length += (size_t)snprintf(form + length, KEYS_TEXT - length, "%s%s", length ? ", " : "",
                                   policy_key_name(key));
    }
}

const char *policy_fault_place(const struct policy_fault *fault, char text[POLICY_FAULT_TEXT]) {
    if (fault->line) {
        snprintf(text, POLICY_FAULT_TEXT, POLICY_PATH ":%u", fault->line);
    } else {
        snprintf(text, POLICY_FAULT_TEXT, POLICY_PATH);
    }
    return text;
}

const char *policy_fault_text(const struct policy_fault *fault, char text[POLICY_FAULT_TEXT]) {
    char words[POLICY_LINE + 1];
    char form[KEYS_TEXT];

    if (!fault->detail) {
        snprintf(text, POLICY_FAULT_TEXT, "%s", fault->reason);
    } else if (fault->key == POLICY_KEYS) {
        write_keys(false, form);
        snprintf(text, POLICY_FAULT_TEXT, "%s: %s (%s)", fault->reason, fault->detail, form);
    } else if (!strcmp(fault->reason, POLICY_REPEATED_KEY)) {
        write_keys(true, form);
        snprintf(text, POLICY_FAULT_TEXT, "%s: %s (only %s may stand on several lines)",
                 fault->reason, fault->detail, form);
    } else if (!strcmp(fault->reason, POLICY_BAD_VALUE)) {
        write_bad_words(fault, words);
        snprintf(text, POLICY_FAULT_TEXT, "%s of %s: %s (%s)", fault->reason,
                 policy_key_name(fault->key), words, forms[fault->key]);
    } else {
        snprintf(text, POLICY_FAULT_TEXT, "%s: %s (%s)", fault->reason, fault->detail,
                 forms[fault->key]);
    }
    return text;
}

/* One more than there are.  NULL: out of memory. */
static struct kept_fault *add_fault(struct collection *collection) {
    struct kept_fault *faults = collection->faults;

    if (collection->count == collection->room) {
        collection->room = 2 * collection->room + 16;
        faults = reallocarray(faults, collection->room, sizeof(*faults));
        if (!faults) {
            return NULL;
        }
        collection->faults = faults;
    }
    collection->count++;
    return &faults[collection->count - 1];
}

/* A policy_fault_fn. */
static void keep_fault(void *context, const struct policy_fault *fault) {
    struct collection *collection = context;
    struct kept_fault *kept = add_fault(collection);

    if (!kept) {
        collection->is_out_of_memory = true;
        return;
    }
    *kept = (struct kept_fault){.fault = *fault, .order = collection->count};
    if (fault->detail) {
        snprintf(kept->detail, sizeof(kept->detail), "%s", fault->detail);
    }
}

static int compare_faults(const void *one, const void *other) {
    const struct kept_fault *a = one;
    const struct kept_fault *b = other;

    if (a->fault.line != b->fault.line) {
        return a->fault.line < b->fault.line ? -1 : 1;
    }
    return a->order < b->order ? -1 : 1;
}

/* Finds the detail and the line of each fault.  They are in order; TEXT has a NUL behind it. */
static void find_lines(struct collection *collection, const char *text) {
    unsigned line = 1;

    for (size_t i = 0; i < collection->count; i++) {
        struct kept_fault *kept = &collection->faults[i];

        while (line < kept->fault.line && *text) {
            const char *newline = strchr(text, '\n');

            text = newline ? newline + 1 : "";
            line++;
        }
        kept->text = text;
        kept->fault.detail = kept->detail[0] ? kept->detail : NULL;
    }
}

/* Does the line begin with the key, however it is written: LockMac, lock_mac, " lock-mac"? */
static bool is_line_of(const char *line, const char *key) {
    for (; *key; key++) {
        if (*key == '-') {
            continue;
        }
        while (*line && *line != '\n' && !isalpha((unsigned char)*line)) {
            line++;
        }
        if (tolower((unsigned char)*line) != *key) {
            return false;
        }
        line++;
    }
    return !isalpha((unsigned char)*line);
}

/* Where the rule that begins at LINE ends: at the next one. */
static unsigned end_of_rule(const struct policy *policy, unsigned line) {
    size_t i = 0;

    while (i < policy->rule_count && policy->rules[i].line <= line) {
        i++;
    }
    return i < policy->rule_count ? policy->rules[i].line : (unsigned)-1;
}

/* Has the rule's line with the key a fault already?  Then it is not missing. */
static bool follows_from_another(const struct policy *policy,
                                 const struct collection *collection,
                                 size_t n) {
    const struct policy_fault *fault = &collection->faults[n].fault;
    const char *key;
    unsigned end;

    if (strcmp(fault->reason, POLICY_MISSING_KEY) != 0) {
        return false;
    }
    key = policy_key_name(fault->key);
    end = end_of_rule(policy, fault->line);
    for (size_t i = n + 1; i < collection->count; i++) {
        const struct kept_fault *other = &collection->faults[i];

        if (other->fault.line >= end) {
            return false;
        }
        if (other->fault.line > fault->line && is_line_of(other->text, key)) {
            return true;
        }
    }
    return false;
}

int policy_file_parse(struct policy *policy,
                      const char *text,
                      size_t size,
                      policy_fault_fn *fault,
                      void *context) {
    struct collection collection = {.count = 0};
    int error = policy_parse(policy, text, size, keep_fault, &collection);

    if (collection.is_out_of_memory) {
        error = -ENOMEM;
    }
    if (error == -EINVAL && fault) {
        qsort(collection.faults, collection.count, sizeof(*collection.faults), compare_faults);
        find_lines(&collection, text);
        for (size_t i = 0; i < collection.count; i++) {
            if (!follows_from_another(policy, &collection, i)) {
                fault(context, &collection.faults[i].fault);
            }
        }
    }
    free(collection.faults);
    return error;
}
