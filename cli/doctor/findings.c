// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/doctor/findings.h"
#include "conf/interface/interface.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TEXT_SIZE 768

static void add(struct findings *findings, const char *check, const char *object, bool good, const char *hint, const char *text) {
    char about[300], said[TEXT_SIZE], remedy[TEXT_SIZE] = "";

    findings->bad += !good;
    interface_printable(object, about, sizeof(about));
    interface_printable(text, said, sizeof(said));
    if (hint) interface_printable(hint, remedy, sizeof(remedy));
    if (findings->json) {
        json_array_append_new(findings->array, json_pack("{s:s, s:s, s:b, s:s, s:s?}", "check", check, "object", about, "ok",
                                                         good, "text", said, "hint", *remedy ? remedy : NULL));
        return;
    }
    printf("%-4s %s: %s\n", !good ? "fix" : hint ? "warn" : "ok", about, said);
    if (*remedy) printf("     hint: %s\n", remedy);
}

void findings_good(struct findings *findings, const char *check, const char *object, const char *text, ...) {
    char line[TEXT_SIZE];
    va_list arguments;

    va_start(arguments, text);
    vsnprintf(line, sizeof(line), text, arguments);
    va_end(arguments);
    add(findings, check, object, true, NULL, line);
}

void findings_bad(struct findings *findings, const char *check, const char *object, const char *hint, const char *text, ...) {
    char line[TEXT_SIZE];
    va_list arguments;

    va_start(arguments, text);
    vsnprintf(line, sizeof(line), text, arguments);
    va_end(arguments);
    add(findings, check, object, false, hint, line);
}

void findings_warn(struct findings *findings, const char *check, const char *object, const char *hint, const char *text, ...) {
    char line[TEXT_SIZE];
    va_list arguments;

    va_start(arguments, text);
    vsnprintf(line, sizeof(line), text, arguments);
    va_end(arguments);
    add(findings, check, object, true, hint, line);
}

int findings_end(struct findings *findings) {
    int code = findings->json ? output_json(findings->array) : output_end();

    return code ? code : findings->bad ? TAPGRANT_FAILED : TAPGRANT_OK;
}
