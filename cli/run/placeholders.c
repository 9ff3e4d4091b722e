// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/run/placeholders.h"
#include "wire/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS "0123456789"
#define WORD "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS "_-"
#define NUMBER_DIGITS 3 /* of a device's number: more of them are no placeholder */

enum field {
    FIELD_FD,
    FIELD_FDS,
    FIELD_DEV,
    FIELD_HOST_MAC,
    FIELD_GUEST_MAC,
    FIELDS
};

static const char *const field_ends[FIELDS] = {"fd}", "fds}", "dev}", "host-mac}", "guest-mac}"};

struct token {
    enum field field;
    size_t length;     /* of the token, with its braces */
    const char *label; /* NULL: none */
    size_t label_length;
    bool is_numbered;
    size_t number;
};

/* What a token cannot be replaced for. */
struct fault {
    char *text;
    size_t size;
};

/* Reads "N." or, where devices have labels, "LABEL.".  Returns what follows it. */
static const char *read_device(const struct placeholders *placeholders,
                               const char *text,
                               struct token *token) {
    size_t length = strspn(text, WORD);
    bool is_number = strspn(text, DIGITS) == length; /* no label is one */

    if (text[length] != '.' || !length) {
        return text;
    }
    if (is_number && length <= NUMBER_DIGITS) {
        token->is_numbered = true;
        token->number = strtoul(text, NULL, 10);
        return text + length + 1;
    }
    if (!is_number && placeholders->labels) {
        token->label = text;
        token->label_length = length;
        return text + length + 1;
    }
    return text;
}

/* Is there {FIELD}, {N.FIELD} or {LABEL.FIELD} at TEXT, which begins with a brace? */
static bool read_token(const struct placeholders *placeholders,
                       const char *text,
                       struct token *token) {
    const char *field;

    *token = (struct token){.label = NULL};
    field = read_device(placeholders, text + 1, token);
    for (token->field = 0; token->field < FIELDS; token->field++) {
        size_t length = strlen(field_ends[token->field]);

        if (!strncmp(field, field_ends[token->field], length)) {
            token->length = (size_t)(field - text) + length;
            return true;
        }
    }
    return false;
}

static bool write_fd(FILE *out, const struct tapgrant_device *device, const struct fault *fault) {
    if (tapgrant_queues(device) != 1) {
        snprintf(fault->text, fault->size,
                 "{fd} is one descriptor, and %s has %u queues: use {fds}", tapgrant_name(device),
                 tapgrant_queues(device));
        return false;
    }
    return fprintf(out, "%d", tapgrant_fd(device, 0)) > 0;
}

/*
 * A program that opens the tap by its name would find another device in its own network namespace,
 * or none, or make one.
 */
static bool write_dev(FILE *out, const struct tapgrant_device *device, const struct fault *fault) {
    if (tapgrant_other_netns(device)) {
        snprintf(fault->text, fault->size,
                 "{dev} stands for nothing: %s is in another network namespace: use {fd} or {fds}",
                 tapgrant_name(device));
        return false;
    }
    return fputs(tapgrant_name(device), out) >= 0;
}

static bool write_fds(FILE *out, const struct tapgrant_device *device) {
    for (unsigned queue = 0; queue < tapgrant_queues(device); queue++) {
        fprintf(out, "%s%d", queue ? ":" : "", tapgrant_fd(device, queue));
    }
    return true;
}

static bool write_mac(FILE *out, const uint8_t mac[6]) {
    char text[WIRE_MAC_TEXT];

    return fputs(wire_mac_text(mac, text), out) >= 0;
}

static bool write_guest_mac(FILE *out,
                            const struct tapgrant_device *device,
                            const struct fault *fault) {
    if (!tapgrant_guest_mac(device)) {
        snprintf(
            fault->text, fault->size,
            "{guest-mac} is not known for %s: ask for one with guest-mac=", tapgrant_name(device));
        return false;
    }
    return write_mac(out, tapgrant_guest_mac(device));
}

/* Writes what the token stands for.  False: the fault, or no memory. */
static bool write_token(FILE *out,
                        const struct token *token,
                        const struct tapgrant_device *device,
                        const struct fault *fault) {
    switch (token->field) {
    case FIELD_FD:
        return write_fd(out, device, fault);
    case FIELD_FDS:
        return write_fds(out, device);
    case FIELD_DEV:
        return write_dev(out, device, fault);
    case FIELD_HOST_MAC:
        return write_mac(out, tapgrant_host_mac(device));
    case FIELD_GUEST_MAC:
        return write_guest_mac(out, device, fault);
    case FIELDS:
        break;
    }
    return false;
}

static const struct tapgrant_device *find_by_label(const struct placeholders *placeholders,
                                                   const struct token *token,
                                                   const char *word,
                                                   const struct fault *fault) {
    for (size_t i = 0; i < placeholders->count; i++) {
        const char *label = placeholders->labels[i];

        if (strlen(label) == token->label_length &&
            !strncmp(label, token->label, token->label_length)) {
            return placeholders->devices[i];
        }
    }
    snprintf(fault->text, fault->size, "'%.*s' stands for nothing: no interface has the label %.*s",
             (int)token->length, word, (int)token->label_length, token->label);
    return NULL;
}

/* The device of the token at WORD.  NULL: the fault. */
static const struct tapgrant_device *find_device(const struct placeholders *placeholders,
                                                 const struct token *token,
                                                 const char *word,
                                                 const struct fault *fault) {
    if (token->label) {
        return find_by_label(placeholders, token, word, fault);
    }
    if (!token->is_numbered && placeholders->count > 1) {
        snprintf(fault->text, fault->size,
                 "'%.*s' stands for which of the %zu interfaces? number them from 0, as {0.%s%s",
                 (int)token->length, word, placeholders->count, field_ends[token->field],
                 placeholders->labels ? ", or name them by their labels" : "");
        return NULL;
    }
    if (token->number >= placeholders->count) {
        snprintf(fault->text, fault->size,
                 "'%.*s' stands for nothing: there are %zu interfaces, numbered from 0",
                 (int)token->length, word, placeholders->count);
        return NULL;
    }
    return placeholders->devices[token->number];
}

static bool write_word(FILE *out,
                       const struct placeholders *placeholders,
                       const char *word,
                       const struct fault *fault) {
    while (*word) {
        const struct tapgrant_device *device;
        struct token token;

        if (*word != '{' || !read_token(placeholders, word, &token)) {
            if (fputc(*word, out) == EOF) {
                return false;
            }
            word++;
            continue;
        }
        device = find_device(placeholders, &token, word, fault);
        if (!device || !write_token(out, &token, device, fault)) {
            return false;
        }
        word += token.length;
    }
    return true;
}

char *placeholders_expand(const struct placeholders *placeholders,
                          const char *word,
                          char *fault,
                          size_t size) {
    const struct fault said = {.text = fault, .size = size};
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    bool is_written;

    snprintf(fault, size, "out of memory");
    if (!out) {
        return NULL;
    }
    is_written = write_word(out, placeholders, word, &said);
    if (fclose(out) || !is_written) {
        free(text);
        return NULL;
    }
    return text;
}
