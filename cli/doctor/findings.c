// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/doctor/findings.h"
#include "wire/text.h"

#include <stdarg.h>
#include <stdio.h>

#define OBJECT_SIZE 300
#define TEXT_SIZE 768

enum grade {
    GRADE_GOOD,
    GRADE_WARN,
    GRADE_BAD
};

/* One finding, printable. */
struct finding {
    enum grade grade;
    const char *check;
    char object[OBJECT_SIZE];
    char text[TEXT_SIZE];
    char hint[TEXT_SIZE]; /* "": none */
};

static void print(const struct finding *finding) {
    static const char *const words[] = {"ok", "warn", "fix"};

    printf("%-4s %s: %s\n", words[finding->grade], finding->object, finding->text);
    if (finding->hint[0]) {
        printf("     hint: %s\n", finding->hint);
    }
}

static json_t *finding_json(const struct finding *finding) {
    return json_pack("{s:s, s:s, s:b, s:s, s:s?}", "check", finding->check, "object",
                     finding->object, "ok", finding->grade != GRADE_BAD, "text", finding->text,
                     "hint", finding->hint[0] ? finding->hint : NULL);
}

__attribute__((format(printf, 6, 0))) static void add(struct findings *findings,
                                                      enum grade grade,
                                                      const char *check,
                                                      const char *object,
                                                      const char *hint,
                                                      const char *text,
                                                      va_list arguments) {
    struct finding finding = {.grade = grade, .check = check};
    char written[TEXT_SIZE];

    vsnprintf(written, sizeof(written), text, arguments);
    text_printable(object, finding.object, sizeof(finding.object));
    text_printable(written, finding.text, sizeof(finding.text));
    text_printable(hint, finding.hint, sizeof(finding.hint));
    if (grade == GRADE_BAD) {
        findings->bad++;
    }
    if (findings->json) {
        json_array_append_new(findings->array, finding_json(&finding));
    } else {
        print(&finding);
    }
}

void findings_good(struct findings *findings,
                   const char *check,
                   const char *object,
                   const char *text,
                   ...) {
    va_list arguments;

    va_start(arguments, text);
    add(findings, GRADE_GOOD, check, object, "", text, arguments);
    va_end(arguments);
}

void findings_warn(struct findings *findings,
                   const char *check,
                   const char *object,
                   const char *hint,
                   const char *text,
                   ...) {
    va_list arguments;

    va_start(arguments, text);
    add(findings, GRADE_WARN, check, object, hint, text, arguments);
    va_end(arguments);
}

void findings_bad(struct findings *findings,
                  const char *check,
                  const char *object,
                  const char *hint,
                  const char *text,
                  ...) {
    va_list arguments;

    va_start(arguments, text);
    add(findings, GRADE_BAD, check, object, hint, text, arguments);
    va_end(arguments);
}

int findings_end(struct findings *findings) {
    int code = findings->json ? output_json(findings->array) : output_end();

    if (code) {
        return code;
    }
    return findings->bad ? TAPGRANT_FAILED : TAPGRANT_OK;
}
