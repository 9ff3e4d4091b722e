// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Strict lines around inih.  Two readings of one line are the danger: what an administrator wrote,
 * and what inih makes of it.  A rule would grant what nobody wrote, or a guest would get another
 * network.
 * Hostile here: nothing in the helper, where the file is root's; in the command the file is a
 * user's.
 * Privilege held in the helper: root, before the drop.
 */
#include "conf/ini/ini.h"

#include <errno.h>
#include <ini.h>
#include <string.h>

struct reader {
    const struct ini_handler *handler;
    const char *next; /* the first byte that was not read yet */
    const char *end;
    unsigned line;
    bool is_faulty;
};

/* A line without its newline. */
struct line {
    const char *text;
    size_t length;
    bool has_newline;
};

static void report(struct reader *reader, const char *reason) {
    reader->is_faulty = true;
    reader->handler->fault(reader->handler->context, reader->line, reason);
}

static bool is_comment(const struct line *line) {
    return line->length && (line->text[0] == ';' || line->text[0] == '#');
}

static bool is_ascii(const struct line *line) {
    for (size_t i = 0; i < line->length; i++) {
        if (line->text[i] < ' ' || line->text[i] > '~') {
            return false;
        }
    }
    return true;
}

/* How many bytes a character of UTF-8 has that begins with FIRST.  0: none begins so. */
static size_t utf8_length(unsigned char first) {
    if (first < 0x80) {
        return 1;
    }
    if (first >= 0xc2 && first < 0xe0) {
        return 2;
    }
    if (first >= 0xe0 && first < 0xf0) {
        return 3;
    }
    return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

/* Has the character no shorter form, is it none of UTF-16's halves, and is it below U+110000? */
static bool is_utf8_second(unsigned char first, unsigned char second) {
    switch (first) {
    case 0xe0:
        return second >= 0xa0;
    case 0xed:
        return second < 0xa0;
    case 0xf0:
        return second >= 0x90;
    case 0xf4:
        return second < 0x90;
    default:
        return true;
    }
}

/* How many bytes the printable character has that TEXT[LEFT] begins with.  0: it has none. */
static size_t character_length(const unsigned char *text, size_t left) {
    size_t length = utf8_length(text[0]);

    if (!length || length > left) {
        return 0;
    }
    if (length == 1) {
        return text[0] >= ' ' && text[0] <= '~';
    }
    for (size_t i = 1; i < length; i++) {
        if (text[i] < 0x80 || text[i] >= 0xc0) {
            return 0;
        }
    }
    /* U+0080 to U+009F are control characters, which terminals obey. */
    if (text[0] == 0xc2 && text[1] < 0xa0) {
        return 0;
    }
    return is_utf8_second(text[0], text[1]) ? length : 0;
}

/* Comments may have UTF-8, which inih never gets. */
static bool is_printable(const struct line *line) {
    const unsigned char *text = (const unsigned char *)line->text;
    size_t length = 1;

    if (!is_comment(line)) {
        return is_ascii(line);
    }
    for (size_t i = 0; length && i < line->length; i += length) {
        length = character_length(text + i, line->length - i);
    }
    return length;
}

/* strspn(3) would build a table for each line. */
static bool is_of_a_key(char byte) {
    return byte == '-' || (byte >= 'a' && byte <= 'z');
}

/* a-z and -, then blanks, then =. */
static bool has_key(const struct line *line) {
    size_t key = 0;
    size_t behind;

    while (key < line->length && is_of_a_key(line->text[key])) {
        key++;
    }
    behind = key;
    while (behind < line->length && line->text[behind] == ' ') {
        behind++;
    }
    return key > 0 && behind < line->length && line->text[behind] == '=';
}

/* Faults of every line, whatever it is. */
static const char *bytes_fault(const struct line *line) {
    if (!line->has_newline) {
        return "no newline at the end of the file";
    }
    if (line->length > INI_LINE) {
        return "line of over 190 bytes";
    }
    if (!is_printable(line)) {
        return "control or non-ASCII byte (UTF-8 may stand in comments alone)";
    }
    return NULL;
}

/* [KIND NAME]: a line that begins with '[' goes on so and ends with ']'. */
static bool is_section_of(const struct line *line, const char *kind) {
    size_t length = strlen(kind);

    if (line->length <= length + strlen("[ ") || line->text[line->length - 1] != ']') {
        return false;
    }
    return !memcmp(line->text + 1, kind, length) && line->text[length + 1] == ' ';
}

/* NAME goes to section(), which refuses what it does not know. */
static const char *take_section(struct reader *reader, const struct line *line) {
    const struct ini_handler *handler = reader->handler;
    char name[INI_LINE + 1];
    size_t begin;
    size_t length;

    if (!is_section_of(line, handler->kind)) {
        return handler->section(handler->context, reader->line, NULL);
    }
    begin = strlen("[ ") + strlen(handler->kind);
    length = line->length - begin - strlen("]");
    memcpy(name, line->text + begin, length);
    name[length] = 0;
    return handler->section(handler->context, reader->line, name);
}

static const char *entry_fault(const struct line *line) {
    if (!line->length || is_comment(line)) {
        return NULL;
    }
    if (line->text[0] == ' ') {
        return "leading blank (sections, keys and comments begin a line)";
    }
    if (memchr(line->text, ';', line->length) || memchr(line->text, '#', line->length)) {
        return "a comment stands on a line of its own";
    }
    return has_key(line) ? NULL : "no [section], no key = value, no ; comment";
}

/* What is wrong with a line.  SIZE is inih's buffer, as the distribution compiled it. */
static const char *check_line(struct reader *reader, const struct line *line, size_t size) {
    bool is_section = line->length && line->text[0] == '[';
    const char *reason = bytes_fault(line);

    if (!reason && line->length + sizeof("\n") > size) {
        reason = "longer than inih reads";
    }
    if (reason && is_section) {
        reader->handler->section(reader->handler->context, reader->line, NULL);
    }
    if (reason) {
        return reason;
    }
    return is_section ? take_section(reader, line) : entry_fault(line);
}

/* The next line: from reader->next up to its newline or the end of the file. */
static struct line cut_line(struct reader *reader) {
    size_t left = (size_t)(reader->end - reader->next);
    const char *newline = memchr(reader->next, '\n', left);
    struct line line = {.text = reader->next, .length = left, .has_newline = newline};

    if (newline) {
        line.length = (size_t)(newline - line.text);
    }
    reader->next += line.length + line.has_newline;
    reader->line++;
    return line;
}

/* The first printable byte that is no blank, as behind blanks or a byte order mark.  0: none. */
static char first_visible(const struct line *line) {
    size_t i = 0;

    while (i < line->length && (line->text[i] <= ' ' || line->text[i] > '~')) {
        i++;
    }
    if (i == line->length) {
        return 0;
    }
    return line->text[i];
}

/* Can a faulty line have been meant as a section, though it does not begin with '['? */
static bool may_be_section(const struct line *line) {
    if (!line->length || line->text[0] == '[' || is_comment(line)) {
        return false;
    }
    if (first_visible(line) == '[') {
        return true;
    }
    return memchr(line->text, '[', line->length) && !memchr(line->text, '=', line->length);
}

/* What follows on a line that can have been a section is not of the section before. */
static void tell_fault(struct reader *reader, const struct line *line, const char *reason) {
    const struct ini_handler *handler = reader->handler;

    report(reader, reason);
    if (may_be_section(line)) {
        handler->section(handler->context, reader->line, NULL);
    }
}

/* inih's reader.  In the place of a comment, and of a faulty line, it gets an empty one. */
static char *read_line(char *out, int size, void *context) {
    struct reader *reader = context;
    const char *reason;
    struct line line;

    if (reader->next == reader->end) {
        return NULL;
    }
    line = cut_line(reader);
    reason = check_line(reader, &line, (size_t)size);
    if (reason) {
        tell_fault(reader, &line, reason);
    }
    if (reason || is_comment(&line)) {
        line.length = 0;
    }
    memcpy(out, line.text, line.length);
    memcpy(out + line.length, "\n", sizeof("\n"));
    return out;
}

/* inih's handler.  Where inih was compiled to announce sections NAME is NULL for one. */
static int take_key(void *context, const char *section, const char *name, const char *value) {
    const struct reader *reader = context;

    (void)section; /* inih cuts long ones: take_section() has the whole name */
    if (name) {
        reader->handler->key(reader->handler->context, reader->line, name, value);
    }
    return 1;
}

int ini_read(const char *text, size_t size, const struct ini_handler *handler) {
    struct reader reader = {.handler = handler, .next = text, .end = text + size};

    if (ini_parse_stream(read_line, &reader, take_key, &reader)) {
        report(&reader, "not read by inih");
    }
    return reader.is_faulty ? -EINVAL : 0;
}
