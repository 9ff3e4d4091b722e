// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tapgrant lint: every fault of a policy or of definitions at once, with FILE:LINE, by the parser that reads them in
 * earnest; and what is suspicious of a policy.
 */
#include "cli/lint/lint.h"
#include "cli/accounts.h"
#include "conf/file/file.h"
#include "conf/interface/interface.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POLICY_PATH POLICY_FOLDER "/policy.conf"

static const char help[] = "Usage: tapgrant lint [--numeric] [--installed] [--json] [FILE]...\n"
                           "Checks policies, or definitions of interfaces, told apart by their sections.  Without FILE the\n"
                           "installed policy, for which owner and mode are checked as well.\n"
                           "  --numeric     prints the policy with ids in the place of names, if it has no other fault\n"
                           "  --installed   checks owner, mode and folder of every FILE\n"
                           "Exit status 0: no fault (there may be warnings); 2: faults, each as FILE:LINE: reason.\n";

void lint_report(struct lint *lint, unsigned line, bool fault, const char *reason, ...) {
    char text[512];
    char file[1024];
    va_list arguments;

    interface_printable(lint->file, file, sizeof(file));
    va_start(arguments, reason);
    vsnprintf(text, sizeof(text), reason, arguments);
    va_end(arguments);
    for (char *byte = text; *byte; byte++)
        if (*byte < ' ' || *byte > '~') *byte = '?';
    lint->faults += fault;
    if (lint->json)
        json_array_append_new(lint->array, json_pack("{s:s, s:i, s:s, s:s}", "file", file, "line", (int)line, "severity",
                                                     fault ? "error" : "warning", "reason", text));
    else
        fprintf(stderr, "%s:%u: %s%s\n", file, line, fault ? "" : "warning: ", text);
}

unsigned lint_line(const struct lint *lint, const struct policy_rule *rule, enum policy_key key) {
    const char *name = policy_key_name(key), *end = lint->text + lint->size, *newline;
    unsigned number = 1;

    for (const char *line = lint->text; line < end; line = newline + 1, number++) {
        newline = memchr(line, '\n', (size_t)(end - line));
        if (!newline) break;
        if (number > rule->line && !strncmp(line, name, strlen(name)) && strchr(" =", line[strlen(name)])) return number;
    }
    return rule->line;
}

static void take_fault(void *context, unsigned line, const char *reason, const char *detail) {
    if (detail)
        lint_report(context, line, true, "%s: %s", reason, detail);
    else
        lint_report(context, line, true, "%s", reason);
}

static int read_installed(const char *path, char **text, size_t *size) {
    char folder[PATH_MAX], name[PATH_MAX];

    if (strlen(path) >= PATH_MAX) return -ENAMETOOLONG;
    snprintf(folder, sizeof(folder), "%s", path);
    snprintf(name, sizeof(name), "%s", path);
    return file_read_trusted(dirname(folder), basename(name), POLICY_SIZE, text, size);
}

static const char *read_reason(int failed) {
    if (failed == -EPERM) return "it or its folder is not root's, or others can write: everybody is denied";
    if (failed == -ELOOP) return "a symbolic link: everybody is denied";
    if (failed == -EINVAL) return "no regular file: everybody is denied";
    return strerror(-failed);
}

/* A user = line with its names as ids; any other as it stands. */
static void print_line(const struct lint *lint, const char *line, size_t length, unsigned number) {
    char key[POLICY_LINE + 1], word[POLICY_LINE + 1], id[16];
    const char *equals = memchr(line, '=', length), *words = NULL;

    snprintf(key, sizeof(key), "%.*s", (int)(equals ? equals - line : 0), line);
    if (key[strcspn(key, " ")]) key[strcspn(key, " ")] = 0;
    for (size_t i = 0; equals && !strcmp(key, "user") && i < lint->policy.rule_count; i++)
        if (lint->policy.rules[i].line < number) words = lint->policy.rules[i].value[POLICY_USER];
    if (!words) {
        printf("%.*s\n", (int)length, line);
        return;
    }
    printf("%.*s=", (int)(equals - line), line);
    while (policy_next(&words, word)) printf(" %s", lint_id(word, id) ? id : word);
    putchar('\n');
}

static void print_numeric(const struct lint *lint, const char *text, size_t size) {
    const char *end = text + size;
    unsigned number = 1;

    for (const char *line = text, *newline; line < end; line = newline + 1, number++) {
        newline = memchr(line, '\n', (size_t)(end - line));
        print_line(lint, line, (size_t)(newline - line), number);
    }
}

/* The file's faults are counted in LINT. */
static void lint_file(struct lint *lint, bool installed, bool numeric) {
    char *text = NULL;
    size_t size, before = lint->faults, parsed;
    int failed = installed ? read_installed(lint->file, &text, &size) : file_read_plain(lint->file, POLICY_SIZE, &text, &size);

    if (failed) {
        lint_report(lint, 0, true, "%s", read_reason(failed));
        free(text);
        return;
    }
    lint->text = text;
    lint->size = size;
    if (lint_has_definitions(lint)) {
        lint_definitions(lint);
        free(text);
        return;
    }
    failed = policy_parse(&lint->policy, text, size, take_fault, lint);
    parsed = lint->faults;
    if (failed != -ENOMEM) lint_names(lint);
    if (lint->faults == before) lint_warnings(lint);
    if (parsed == before && numeric) print_numeric(lint, text, size);
    accounts_free(&lint->accounts);
    free(lint->policy.rules);
    free(lint->policy.text);
    free(text);
}

int lint_main(int argc, char *argv[]) {
    bool numeric = false, installed = false;
    struct lint lint = {0};
    int kept = 0, code;

    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--help")) return fputs(help, stdout), TAPGRANT_OK;
        if (!strcmp(argv[i], "--numeric"))
            numeric = true;
        else if (!strcmp(argv[i], "--installed"))
            installed = true;
        else if (!strcmp(argv[i], "--json"))
            lint.json = true;
        else if (argv[i][0] == '-' && argv[i][1])
            return output_usage(lint.json, "unknown option '%s'", argv[i]);
        else
            argv[kept++] = argv[i];
    }
    if (numeric && lint.json) return output_usage(true, "--numeric prints a policy, and --json something else");
    if (lint.json) lint.array = json_array();
    if (!kept) {
        argv[kept++] = (char *)POLICY_PATH;
        installed = true;
    }
    for (int i = 0; i < kept; i++) {
        lint.file = argv[i];
        lint_file(&lint, installed || !strcmp(argv[i], POLICY_PATH), numeric);
    }
    code = lint.json ? output_json(lint.array) : output_end();
    return code ? code : lint.faults ? TAPGRANT_USAGE : TAPGRANT_OK;
}
