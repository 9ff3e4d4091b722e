// SPDX-License-Identifier: LGPL-2.1-or-later
#include "placeholders.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum field { FIELD_FD, FIELD_FDS, FIELD_DEV, FIELD_HOST_MAC, FIELD_GUEST_MAC, FIELDS };

static const char *const field_name[FIELDS] = {"fd}", "fds}", "dev}", "host-mac}", "guest-mac}"};

struct token {
    enum field field;
    size_t length; /* of the token, its braces included */
    bool numbered;
    size_t number;
};

/* {FIELD} or {N.FIELD} at TEXT? */
static bool read_token(const char *text, struct token *token) {
    const char *name = text + 1;
    char *end;

    *token = (struct token){0};
    if (name[strspn(name, "0123456789")] == '.' && name[0] != '.' && strspn(name, "0123456789") <= 3) {
        token->numbered = true;
        token->number = strtoul(name, &end, 10);
        name = end + 1;
    }
    for (; token->field < FIELDS; token->field++) {
        size_t length = strlen(field_name[token->field]);

        if (strncmp(name, field_name[token->field], length)) continue;
        token->length = (size_t)(name - text) + length;
        return true;
    }
    return false;
}

static bool write_fds(FILE *out, const struct tapgrant_device *device) {
    for (unsigned queue = 0; queue < tapgrant_queues(device); queue++)
        fprintf(out, "%s%d", queue ? ":" : "", tapgrant_fd(device, queue));
    return true;
}

/* Writes what the token stands for; false: FAULT says why it stands for nothing. */
static bool write_token(FILE *out, const struct token *token, const struct tapgrant_device *device, char *fault, size_t size) {
    char mac[OUTPUT_MAC];

    switch (token->field) {
    case FIELD_FD:
        if (tapgrant_queues(device) == 1) return fprintf(out, "%d", tapgrant_fd(device, 0)) > 0;
        snprintf(fault, size, "{fd} is one descriptor, and %s has %u queues: use {fds}", tapgrant_name(device),
                 tapgrant_queues(device));
        return false;
    case FIELD_FDS: return write_fds(out, device);
    case FIELD_DEV: return fputs(tapgrant_name(device), out) >= 0;
    case FIELD_HOST_MAC: return fputs(output_mac(tapgrant_host_mac(device), mac), out) >= 0;
    case FIELD_GUEST_MAC:
        if (tapgrant_guest_mac(device)) return fputs(output_mac(tapgrant_guest_mac(device), mac), out) >= 0;
        snprintf(fault, size, "{guest-mac} is not known for %s: ask for one with guest-mac=", tapgrant_name(device));
        return false;
    case FIELDS: break;
    }
    return false;
}

char *placeholders_expand(const char *word, struct tapgrant_device *const devices[], size_t count, char *fault, size_t size) {
    struct token token;
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    bool good = out;

    snprintf(fault, size, "out of memory");
    while (good && *word) {
        if (*word != '{' || !read_token(word, &token)) {
            good = fputc(*word++, out) != EOF;
            continue;
        }
        good = false;
        if (!token.numbered && count > 1)
            snprintf(fault, size, "'%.*s' stands for which of the %zu interfaces? number them from 0, as {0.%s",
                     (int)token.length, word, count, field_name[token.field]);
        else if (token.number >= count)
            snprintf(fault, size, "'%.*s' stands for nothing: there are %zu interfaces, numbered from 0", (int)token.length, word,
                     count);
        else
            good = write_token(out, &token, devices[token.number], fault, size);
        word += token.length;
    }
    if (out && fclose(out)) good = false;
    if (good) return text;
    free(text);
    return NULL;
}
