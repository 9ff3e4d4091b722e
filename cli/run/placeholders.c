// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/run/placeholders.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum field { FIELD_FD, FIELD_FDS, FIELD_DEV, FIELD_HOST_MAC, FIELD_GUEST_MAC, FIELDS };

static const char *const field_name[FIELDS] = {"fd}", "fds}", "dev}", "host-mac}", "guest-mac}"};

struct token {
    enum field field;
    size_t length; /* of the token, its braces included */
    const char *label;
    size_t label_length;
    bool numbered;
    size_t number;
};

/* {FIELD}, {N.FIELD} or, where there are labels, {LABEL.FIELD} at TEXT? */
static bool read_token(const struct placeholders *placeholders, const char *text, struct token *token) {
    const char *name = text + 1;
    size_t word = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
    bool digits = strspn(name, "0123456789") == word; /* no label is */

    *token = (struct token){0};
    if (name[word] == '.' && word && word <= 3 && digits) {
        token->numbered = true;
        token->number = strtoul(name, NULL, 10);
        name += word + 1;
    } else if (name[word] == '.' && word && !digits && placeholders->labels) {
        token->label = name;
        token->label_length = word;
        name += word + 1;
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

/* The interface that the token is about; NULL: FAULT says why there is none. */
static const struct tapgrant_device *find_device(const struct placeholders *placeholders, const struct token *token,
                                                 const char *word, char *fault, size_t size) {
    for (size_t i = 0; token->label && i < placeholders->count; i++)
        if (strlen(placeholders->labels[i]) == token->label_length &&
            !strncmp(placeholders->labels[i], token->label, token->label_length))
            return placeholders->devices[i];
    if (token->label)
        snprintf(fault, size, "'%.*s' stands for nothing: no interface has the label %.*s", (int)token->length, word,
                 (int)token->label_length, token->label);
    else if (!token->numbered && placeholders->count > 1)
        snprintf(fault, size, "'%.*s' stands for which of the %zu interfaces? number them from 0, as {0.%s%s", (int)token->length,
                 word, placeholders->count, field_name[token->field],
                 placeholders->labels ? ", or name them by their labels" : "");
    else if (token->number >= placeholders->count)
        snprintf(fault, size, "'%.*s' stands for nothing: there are %zu interfaces, numbered from 0", (int)token->length, word,
                 placeholders->count);
    else
        return placeholders->devices[token->number];
    return NULL;
}

char *placeholders_expand(const struct placeholders *placeholders, const char *word, char *fault, size_t size) {
    const struct tapgrant_device *device;
    struct token token;
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    bool good = out;

    snprintf(fault, size, "out of memory");
    while (good && *word) {
        if (*word != '{' || !read_token(placeholders, word, &token)) {
            good = fputc(*word++, out) != EOF;
            continue;
        }
        device = find_device(placeholders, &token, word, fault, size);
        good = device && write_token(out, &token, device, fault, size);
        word += token.length;
    }
    if (out && fclose(out)) good = false;
    if (good) return text;
    free(text);
    return NULL;
}
