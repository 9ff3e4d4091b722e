// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Bytes -> a tree, by libxml2.  Hostile here: every byte; whoever imports a document need not have
 * written it.  Privilege held: none.
 *
 * Several documents are one file for libxml2: they are put into an element of ours.  Within it no
 * document type can be declared.  So there is no entity to expand, internal or external, and no
 * external subset to fetch.  libxml2's own bounds are kept (XML_PARSE_HUGE is not given: 256
 * levels, 10 MB of text).  What it does in quadratic time is bounded here, by counting bytes, so
 * that the bounds hold for malformed text as well: no tag reaches over a '<', and each attribute
 * has an '=' and a quote behind it (an '=' alone would be counted in prose: lines of them stand in
 * comments).
 */
#include "cli/import/libvirt/xml.h"

#include <libxml/xmlerror.h>
#include <stdlib.h>
#include <string.h>

#define TAG_VALUES 256 /* from one '<' to the next: attributes are compared with each other */
#define NAMESPACE_WORK                                                                             \
    (1ul << 28) /* declarations of namespaces times tags: each may look through all */
#define COMMENT_WORK                                                                               \
    (1ul << 31) /* "--" times bytes: for each within a comment its error has a copy of it */
#define BEGIN "<documents>"
#define END "</documents>"
#define MARK "\xef\xbb\xbf" /* UTF-8's byte order mark */

#if LIBXML_VERSION >= 21200
typedef const xmlError *error_pointer;
#else
typedef xmlErrorPtr error_pointer;
#endif

struct first_error {
    char message[200];
    unsigned line;
};

struct counts {
    unsigned long lines;
    unsigned long values; /* of attributes, since the last '<' */
    unsigned long tags;
    unsigned long namespaces;
    unsigned long dashes;
};

static void take_error(void *context, error_pointer error) {
    struct first_error *first = context;
    size_t length;

    if (first->message[0] || error->level < XML_ERR_ERROR) {
        return;
    }
    snprintf(first->message, sizeof(first->message), "%s", error->message ? error->message : "?");
    length = strlen(first->message);
    if (length && first->message[length - 1] == '\n') {
        first->message[length - 1] = 0;
    }
    first->line = error->line > 0 ? (unsigned)error->line : 1;
}

static xmlParserInputPtr load_nothing(const char *url, const char *id, xmlParserCtxtPtr context) {
    (void)url;
    (void)id;
    (void)context;
    return NULL;
}

/* Is AT the quote behind the '=' of an attribute?  TEXT is where the file begins. */
static bool begins_value(const char *text, const char *at) {
    if (*at != '"' && *at != '\'') {
        return false;
    }
    while (at > text && strchr(" \t\r\n", at[-1])) {
        at--;
    }
    return at > text && at[-1] == '=';
}

/* Counts the byte AT, behind which, itself included, LEFT are left. */
static void count_byte(struct counts *counts, const char *text, const char *at, size_t left) {
    counts->lines += *at == '\n';
    if (*at == '<') {
        counts->tags++;
        counts->values = 0;
    } else if (begins_value(text, at)) {
        counts->values++;
    }
    if (left > 5 && !memcmp(at, "xmlns", 5)) {
        counts->namespaces++;
    }
    if (left > 2 && at[0] == '-' && at[1] == '-' && at[2] != '>') {
        counts->dashes++;
    }
}

/* No document of libvirt's has what is refused here, and libxml2 would take long over it. */
static bool check_bytes(struct import *import, const char *text, size_t size) {
    struct counts counts = {.lines = 1};

    for (size_t i = 0; i < size; i++) {
        count_byte(&counts, text, text + i, size - i);
        if (!text[i]) {
            import_fault(import, (unsigned)counts.lines, "a NUL byte: only UTF-8 is read");
            return false;
        }
        if (counts.values > TAG_VALUES) {
            import_fault(import, (unsigned)counts.lines, "more than 256 attributes");
            return false;
        }
    }
    if (counts.namespaces * counts.tags > NAMESPACE_WORK || counts.dashes * size > COMMENT_WORK) {
        import_fault(import, 1,
                     "too much: %lu bytes with %lu tags, %lu declarations of namespaces, %lu of --",
                     (unsigned long)size, counts.tags, counts.namespaces, counts.dashes);
        return false;
    }
    return true;
}

/* The '>' of a declaration that begins at TEXT.  NULL: none begins there. */
static char *end_of_declaration(char *text) {
    char *target = text + strlen("<?xml");
    char *last;

    if (!*target || !strchr(" \t\r\n", *target)) {
        return NULL;
    }
    last = target + strcspn(target, "<>");
    return *last == '>' && last[-1] == '?' ? last : NULL;
}

/*
 * Overwrites each <?xml ...?> with blanks, and keeps the lines: each document may have one, but an
 * element may not.  A declaration has no '<' or '>' before its end.  What only begins like one, in
 * a comment, or never ends, is left to libxml2, and takes no document behind it along.
 */
static void blank_declarations(char *text) {
    for (char *begin = strstr(text, "<?xml"); begin; begin = strstr(begin + 1, "<?xml")) {
        char *last = end_of_declaration(begin);

        for (char *byte = begin; last && byte <= last; byte++) {
            if (*byte != '\n') {
                *byte = ' ';
            }
        }
    }
}

/* TEXT within an element of ours; for free(3).  NULL: out of memory. */
static char *wrap(const char *text, size_t size) {
    char *wrapped = malloc(size + sizeof(BEGIN) + sizeof(END));
    char *rest = wrapped;

    if (!wrapped) {
        return NULL;
    }
    if (size >= strlen(MARK) && !memcmp(text, MARK, strlen(MARK))) {
        text += strlen(MARK);
        size -= strlen(MARK);
    }
    rest = mempcpy(rest, BEGIN, strlen(BEGIN));
    rest = mempcpy(rest, text, size);
    memcpy(rest, END, sizeof(END));
    blank_declarations(wrapped);
    return wrapped;
}

static void report_malformed(struct import *import,
                             const char *text,
                             const struct first_error *error) {
    bool declares = strstr(text, "<!DOCTYPE") || strstr(text, "<!ENTITY");
    bool is_utf8 = xmlCheckUTF8((const xmlChar *)text);

    import_fault(import, error->line ? error->line : 1, "%s: %s",
                 declares ? "document types and entities are not read" : "not well-formed XML",
                 is_utf8 ? error->message : "only UTF-8 is read");
}

xmlDoc *import_xml_read(struct import *import, const char *text, size_t size) {
    const int options = XML_PARSE_NONET | XML_PARSE_NOCDATA | XML_PARSE_BIG_LINES;
    struct first_error error = {.message = ""};
    xmlDoc *document = NULL;
    char *wrapped;

    if (!check_bytes(import, text, size)) {
        return NULL;
    }
    wrapped = wrap(text, size);
    xmlSetExternalEntityLoader(load_nothing);
    xmlSetStructuredErrorFunc(&error, take_error);
    if (wrapped) {
        document = xmlReadMemory(wrapped, (int)strlen(wrapped), NULL, "UTF-8", options);
    }
    xmlSetStructuredErrorFunc(NULL, NULL);
    if (!document) {
        report_malformed(import, wrapped ? wrapped : "", &error);
    }
    free(wrapped);
    return document;
}

bool import_xml_is(const xmlNode *node, const char *name) {
    return node->type == XML_ELEMENT_NODE && !node->ns && !strcmp((const char *)node->name, name);
}

const xmlNode *import_xml_first(const xmlNode *parent, const char *name) {
    for (const xmlNode *node = parent->children; node; node = node->next) {
        if (import_xml_is(node, name)) {
            return node;
        }
    }
    return NULL;
}

char *import_xml_attribute(const xmlNode *node, const char *name) {
    return node ? (char *)xmlGetNoNsProp(node, (const xmlChar *)name) : NULL;
}

unsigned import_xml_line(const xmlNode *node) {
    long line = xmlGetLineNo(node);

    return line > 0 ? (unsigned)line : 1;
}
