// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * qemu-bridge-helper's access list -> a policy.  There a deny wins wherever it stands, and counts for those who can read it;
 * here there is none.  So what may be denied to some of those to whom it is allowed is left out for all, and said.
 */
#include "cli/command.h"
#include "cli/import/import.h"
#include "cli/import/bridge-conf/acl.h"
#include "conf/policy/policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RULE_BRIDGES 8 /* their names fit into one line of a policy */

struct conversion {
    struct acl acl;
    FILE *comments, *policy; /* what is not carried, and the rules: in memory, because the first stands before the second */
    char *comments_text, *policy_text;
    size_t comments_size, policy_size;
    json_t *rules, *notes;   /* NULL: no JSON */
    unsigned rule_count;
};

static void note(void *context, const char *path, unsigned number, const char *text) {
    struct conversion *conversion = context;
    char shown[500], file[1024];

    interface_printable(text, shown, sizeof(shown));
    interface_printable(path, file, sizeof(file));
    fprintf(stderr, "tapgrant: %s:%u: %s\n", file, number, shown);
    if (conversion->comments) fprintf(conversion->comments, "%s:%u: %s\n", file, number, shown);
    if (conversion->notes)
        json_array_append_new(conversion->notes, json_pack("{s:s, s:i, s:s}", "file", file, "line", (int)number, "text", shown));
}

/* Is what LINE allows denied to any of those to whom it is allowed? */
static bool is_denied(struct conversion *conversion, const struct acl_line *line) {
    const struct acl *acl = &conversion->acl;
    char text[400];

    for (unsigned i = 0; i < acl->line_count; i++) {
        const struct acl_line *deny = &acl->lines[i];

        if (deny->allow || !(deny->all || line->all || !strcmp(deny->bridge, line->bridge))) continue;
        snprintf(text, sizeof(text), "allow %s: not carried: line %u of %.250s denies %s%s", line->bridge, deny->number,
                 acl->files[deny->file].path, deny->bridge,
                 acl->files[deny->file].readers.kind == READERS_ALL ? "" : " to some; a policy has no deny");
        note(conversion, acl->files[line->file].path, line->number, text);
        return true;
    }
    return false;
}

/* Can a policy name the bridge, and no other by that? */
static bool is_name(struct conversion *conversion, const struct acl_line *line) {
    const struct policy nobody = {0};
    char text[100];

    if (line->all || (wire_bridge_valid(line->bridge) && !strpbrk(line->bridge, "*?[]\\;#{}") &&
                      policy_test(&nobody, POLICY_BRIDGE, line->bridge, "", 0) >= 0))
        return true;
    snprintf(text, sizeof(text), "allow %s: not carried: no name of a bridge in a policy", line->bridge);
    note(conversion, conversion->acl.files[line->file].path, line->number, text);
    return false;
}

/* Has an earlier line of the same file allowed it? */
static bool is_again(const struct acl *acl, const struct acl_line *line) {
    for (const struct acl_line *before = acl->lines; before < line; before++)
        if (before->allow && before->file == line->file && !strcmp(before->bridge, line->bridge)) return true;
    return false;
}

static void add_rule(struct conversion *conversion, const struct acl_file *file, char bridges[][ACL_NAME], unsigned count) {
    char users[40], names[200], comment[1300], path[1024], rule[32];
    const char *who = readers_users(&file->readers, users);
    json_t *list = conversion->rules ? json_array() : NULL;

    snprintf(rule, sizeof(rule), "bridge-conf-%u", ++conversion->rule_count);
    snprintf(comment, sizeof(comment), "%s: %s may read it", interface_printable(file->path, path, sizeof(path)),
             readers_names(&file->readers, names));
    fputc('\n', conversion->policy);
    definitions_write_comment(comment, conversion->policy);
    fprintf(conversion->policy, "[rule %s]\nuser = %s\nbridge =", rule, who);
    for (unsigned i = 0; i < count; i++) {
        fprintf(conversion->policy, " %s", bridges[i]);
        json_array_append_new(list, json_string(bridges[i]));
    }
    fputs("\nisolate = no\nlock-mac = no\n", conversion->policy);
    json_array_append_new(conversion->rules, json_pack("{s:s, s:s, s:o*, s:b, s:b}", "rule", rule, "user", who, "bridge", list,
                                                       "isolate", 0, "lock_mac", 0));
}

/* The rules for what one file allows. */
static void convert_file(struct conversion *conversion, unsigned number) {
    const struct acl *acl = &conversion->acl;
    const struct acl_file *file = &acl->files[number];
    char bridges[RULE_BRIDGES][ACL_NAME], text[400];
    unsigned count = 0;

    for (const struct acl_line *line = acl->lines; line < acl->lines + acl->line_count; line++) {
        if (line->file != number || !line->allow || is_again(acl, line)) continue;
        if (is_denied(conversion, line) || !is_name(conversion, line)) continue;
        if (file->readers.kind == READERS_UNKNOWN) {
            snprintf(text, sizeof(text), "allow %s: not carried: %s", line->bridge, file->readers.why);
            note(conversion, file->path, line->number, text);
            continue;
        }
        snprintf(bridges[count++], ACL_NAME, "%s", line->all ? "*" : line->bridge);
        if (count < RULE_BRIDGES) continue;
        add_rule(conversion, file, bridges, count);
        count = 0;
    }
    if (count) add_rule(conversion, file, bridges, count);
}

static const char head[] =
    "; qemu-bridge-helper's access list as a policy: review it, and try it with tapgrant lint.\n"
    "; qemu-bridge-helper counts nothing; here a user has at most 8 interfaces under each rule at one time: max = N.\n"
    "; It takes any bridge; here one must have a fixed address, and the host no router advertisements on it: tapgrant doctor.\n";

static int print(struct conversion *conversion) {
    fputs(head, stdout);
    if (conversion->comments_size) puts(";");
    definitions_write_comment(conversion->comments_text, stdout);
    if (!conversion->rule_count) puts("; It allows nothing that could be carried: there is no rule.");
    fputs(conversion->policy_text, stdout);
    return output_end();
}

/* Both streams are open, or neither. */
static bool begin(struct conversion *conversion, bool json) {
    conversion->acl.note = note;
    conversion->acl.context = conversion;
    if (json) conversion->rules = json_array();
    if (json) conversion->notes = json_array();
    conversion->comments = open_memstream(&conversion->comments_text, &conversion->comments_size);
    conversion->policy = open_memstream(&conversion->policy_text, &conversion->policy_size);
    return conversion->comments && conversion->policy;
}

static bool end(struct conversion *conversion) {
    bool failed = (conversion->comments && fclose(conversion->comments)) | (conversion->policy && fclose(conversion->policy));

    conversion->comments = conversion->policy = NULL;
    return !failed;
}

static void release(struct conversion *conversion) {
    acl_free(&conversion->acl);
    json_decref(conversion->rules);
    json_decref(conversion->notes);
    free(conversion->comments_text);
    free(conversion->policy_text);
    free(conversion);
}

static const char *reason(int failed) {
    return failed == -EMLINK  ? "its files include each other, or more than 8 deep"
           : failed == -EMFILE ? "it includes more than 64 files"
           : failed == -EFBIG  ? "it has more than 4096 lines"
                               : strerror(-failed);
}

static int refuse(const struct conversion *conversion, const char *path, int failed, bool json) {
    const struct acl *acl = &conversion->acl;
    struct tapgrant_error error = {.code = TAPGRANT_USAGE};
    char shown[100];

    interface_printable(path, shown, sizeof(shown));
    if (failed == -EINVAL) {
        snprintf(error.object, sizeof(error.object), "%s:%u", shown, acl->fault_line);
        interface_printable(acl->fault, error.reason, sizeof(error.reason));
        snprintf(error.hint, sizeof(error.hint), "qemu-bridge-helper denies everything for it");
    } else {
        snprintf(error.object, sizeof(error.object), "%s", shown);
        snprintf(error.reason, sizeof(error.reason), "cannot be read: %s", reason(failed));
    }
    return output_error(&error, json);
}

int import_bridge_conf(const char *path, bool json) {
    struct conversion *conversion = calloc(1, sizeof(*conversion));
    int failed, code;

    if (!conversion) return TAPGRANT_FAILED;
    failed = begin(conversion, json) ? acl_read(&conversion->acl, path) : -ENOMEM;
    for (unsigned i = 0; !failed && i < conversion->acl.file_count; i++) convert_file(conversion, i);
    if (!end(conversion) && !failed) failed = -ENOMEM;
    if (failed)
        code = refuse(conversion, path, failed, json);
    else if (json)
        code = output_json(json_pack("{s:O, s:O}", "rules", conversion->rules, "notes", conversion->notes));
    else
        code = print(conversion);
    release(conversion);
    return code;
}
