// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * qemu-bridge-helper's access list -> a policy.  In the list a deny wins wherever it stands, and
 * counts for those who can read it.  A policy has no deny.  So an allow is left out for everybody,
 * and noted, if any of those whom it is for may be denied.
 */
#include "conf/policy/policy.h"
#include "cli/command.h"
#include "cli/import/bridge-conf/acl.h"
#include "cli/import/import.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RULE_BRIDGES 8 /* their names fit into one line of a policy */

static const char head[] =
    "; qemu-bridge-helper's access list as a policy: review it, and try it with tapgrant lint.\n"
    "; qemu-bridge-helper counts nothing; here a user has at most 8 interfaces under each rule"
    " at one time: max = N.\n"
    "; It takes any bridge; here one must have a fixed address, and the host no router"
    " advertisements on it: tapgrant doctor.\n";

/* Text in memory: what is not carried stands before the rules, and is known after them. */
struct text {
    FILE *stream;
    char *bytes;
    size_t size;
};

struct conversion {
    struct acl acl;
    struct text comments; /* what is not carried */
    struct text policy;
    json_t *rules; /* as notes: NULL without JSON */
    json_t *notes;
    unsigned rule_count;
};

/* One rule on its way: the bridges that one file allows. */
struct rule {
    const struct acl_file *file;
    char bridge[RULE_BRIDGES][ACL_NAME];
    unsigned count;
};

static void note(void *context, const char *path, unsigned number, const char *text) {
    struct conversion *conversion = context;
    char shown[500];
    char file[1024];

    interface_printable(text, shown, sizeof(shown));
    interface_printable(path, file, sizeof(file));
    fprintf(stderr, "tapgrant: %s:%u: %s\n", file, number, shown);
    fprintf(conversion->comments.stream, "%s:%u: %s\n", file, number, shown);
    if (conversion->notes) {
        json_t *object =
            json_pack("{s:s, s:i, s:s}", "file", file, "line", (int)number, "text", shown);

        json_array_append_new(conversion->notes, object);
    }
}

static void note_line(struct conversion *conversion, const struct acl_line *line, const char *why) {
    char text[400];

    snprintf(text, sizeof(text), "allow %s: not carried: %s", line->bridge, why);
    note(conversion, conversion->acl.files[line->file].path, line->number, text);
}

/* May both be about the same bridge? */
static bool overlap(const struct acl_line *a, const struct acl_line *b) {
    return a->is_all || b->is_all || !strcmp(a->bridge, b->bridge);
}

/*
 * The first line that denies what LINE allows, to any of those to whom it allows it.  NULL: none.
 */
static const struct acl_line *find_deny(const struct acl *acl, const struct acl_line *line) {
    for (unsigned i = 0; i < acl->line_count; i++) {
        const struct acl_line *deny = &acl->lines[i];

        if (!deny->is_allow && overlap(deny, line)) {
            return deny;
        }
    }
    return NULL;
}

/* Can a policy name this bridge, and no other with the same words? */
static bool is_name(const char *bridge) {
    static const struct policy_accounts none;

    return wire_bridge_valid(bridge) && !strpbrk(bridge, "*?[]\\;#{}") &&
           !policy_check_value(&none, POLICY_BRIDGE, bridge);
}

/* Has an earlier line of the same file allowed it? */
static bool is_repeated(const struct acl *acl, const struct acl_line *line) {
    for (const struct acl_line *before = acl->lines; before < line; before++) {
        if (before->is_allow && before->file == line->file &&
            !strcmp(before->bridge, line->bridge)) {
            return true;
        }
    }
    return false;
}

/* Otherwise, why not is noted. */
static bool can_carry(struct conversion *conversion, const struct acl_line *line) {
    const struct acl *acl = &conversion->acl;
    const struct readers *readers = &acl->files[line->file].readers;
    const struct acl_line *deny = find_deny(acl, line);

    if (deny) {
        const struct acl_file *file = &acl->files[deny->file];
        bool for_all = file->readers.kind == READERS_ALL;
        char why[360];

        snprintf(why, sizeof(why), "line %u of %.250s denies %s%s", deny->number, file->path,
                 deny->bridge, for_all ? "" : " to some; a policy has no deny");
        note_line(conversion, line, why);
        return false;
    }
    if (!line->is_all && !is_name(line->bridge)) {
        note_line(conversion, line, "no name of a bridge in a policy");
        return false;
    }
    if (readers->kind == READERS_UNKNOWN) {
        note_line(conversion, line, readers->why);
        return false;
    }
    return true;
}

static void write_rule(struct conversion *conversion,
                       const struct rule *rule,
                       const char *name,
                       const char *user) {
    FILE *out = conversion->policy.stream;
    char names[READERS_NAMES];
    char path[1024];
    char comment[1300];

    interface_printable(rule->file->path, path, sizeof(path));
    snprintf(comment, sizeof(comment), "%s: %s may read it", path,
             readers_names(&rule->file->readers, names));
    fputc('\n', out);
    definitions_write_comment(comment, out);
    fprintf(out, "[rule %s]\nuser = %s\nbridge =", name, user);
    for (unsigned i = 0; i < rule->count; i++) {
        fprintf(out, " %s", rule->bridge[i]);
    }
    fputs("\nisolate = no\nlock-mac = no\n", out);
}

static json_t *rule_json(const struct rule *rule, const char *name, const char *user) {
    json_t *bridges = json_array();

    for (unsigned i = 0; i < rule->count; i++) {
        json_array_append_new(bridges, json_string(rule->bridge[i]));
    }
    return json_pack("{s:s, s:s, s:o, s:b, s:b}", "rule", name, "user", user, "bridge", bridges,
                     "isolate", 0, "lock_mac", 0);
}

/* Ends the rule, if it has bridges. */
static void end_rule(struct conversion *conversion, struct rule *rule) {
    char name[32];
    char users[READERS_USERS];
    const char *user;

    if (!rule->count) {
        return;
    }
    conversion->rule_count++;
    snprintf(name, sizeof(name), "bridge-conf-%u", conversion->rule_count);
    user = readers_users(&rule->file->readers, users);
    write_rule(conversion, rule, name, user);
    if (conversion->rules) {
        json_array_append_new(conversion->rules, rule_json(rule, name, user));
    }
    rule->count = 0;
}

/* The rules for what one file allows. */
static void convert_file(struct conversion *conversion, unsigned number) {
    const struct acl *acl = &conversion->acl;
    struct rule rule = {.file = &acl->files[number]};

    for (unsigned i = 0; i < acl->line_count; i++) {
        const struct acl_line *line = &acl->lines[i];

        if (line->file != number || !line->is_allow || is_repeated(acl, line) ||
            !can_carry(conversion, line)) {
            continue;
        }
        snprintf(rule.bridge[rule.count], ACL_NAME, "%s", line->is_all ? "*" : line->bridge);
        rule.count++;
        if (rule.count == RULE_BRIDGES) {
            end_rule(conversion, &rule);
        }
    }
    end_rule(conversion, &rule);
}

static int print(struct conversion *conversion) {
    fputs(head, stdout);
    if (conversion->comments.size) {
        puts(";");
    }
    definitions_write_comment(conversion->comments.bytes, stdout);
    if (!conversion->rule_count) {
        puts("; It allows nothing that could be carried: there is no rule.");
    }
    fputs(conversion->policy.bytes, stdout);
    return output_end();
}

static int text_begin(struct text *text) {
    text->stream = open_memstream(&text->bytes, &text->size);
    return text->stream ? 0 : -ENOMEM;
}

/* A second call does nothing. */
static int text_end(struct text *text) {
    FILE *stream = text->stream;

    text->stream = NULL;
    return stream && fclose(stream) ? -ENOMEM : 0;
}

static int convert(struct conversion *conversion, const char *path) {
    int error = text_begin(&conversion->comments);

    if (error) {
        return error;
    }
    error = text_begin(&conversion->policy);
    if (error) {
        return error;
    }
    error = acl_read(&conversion->acl, path);
    if (error) {
        return error;
    }
    for (unsigned i = 0; i < conversion->acl.file_count; i++) {
        convert_file(conversion, i);
    }
    error = text_end(&conversion->comments);
    if (error) {
        return error;
    }
    return text_end(&conversion->policy);
}

static void free_conversion(struct conversion *conversion) {
    (void)text_end(&conversion->comments);
    (void)text_end(&conversion->policy);
    acl_free(&conversion->acl);
    json_decref(conversion->rules);
    json_decref(conversion->notes);
    free(conversion->comments.bytes);
    free(conversion->policy.bytes);
    free(conversion);
}

static const char *reason(int error) {
    switch (error) {
    case -EMLINK:
        return "its files include each other, or more than 8 deep";
    case -EMFILE:
        return "it includes more than 64 files";
    case -EFBIG:
        return "it has more than 4096 lines";
    default:
        return strerror(-error);
    }
}

static int refuse(const struct conversion *conversion, const char *path, int error, bool json) {
    const struct acl *acl = &conversion->acl;
    struct tapgrant_error failure = {.code = TAPGRANT_USAGE};
    char shown[100];

    interface_printable(path, shown, sizeof(shown));
    if (error == -EINVAL) {
        snprintf(failure.object, sizeof(failure.object), "%s:%u", shown, acl->fault_line);
        interface_printable(acl->fault, failure.reason, sizeof(failure.reason));
        snprintf(failure.hint, sizeof(failure.hint), "qemu-bridge-helper denies everything for it");
    } else {
        snprintf(failure.object, sizeof(failure.object), "%s", shown);
        snprintf(failure.reason, sizeof(failure.reason), "cannot be read: %s", reason(error));
    }
    return output_error(&failure, json);
}

int import_bridge_conf(const char *path, bool json) {
    struct conversion *conversion = calloc(1, sizeof(*conversion));
    int error;
    int code;

    if (!conversion) {
        return TAPGRANT_FAILED;
    }
    conversion->acl.note = note;
    conversion->acl.context = conversion;
    if (json) {
        conversion->rules = json_array();
        conversion->notes = json_array();
    }
    error = convert(conversion, path);
    if (error) {
        code = refuse(conversion, path, error, json);
    } else if (json) {
        code = output_json(
            json_pack("{s:O, s:O}", "rules", conversion->rules, "notes", conversion->notes));
    } else {
        code = print(conversion);
    }
    free_conversion(conversion);
    return code;
}
