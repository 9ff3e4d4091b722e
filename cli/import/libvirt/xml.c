// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Bytes -> a tree, by libxml2.
 * Hostile here: every byte; whoever imports a document need not have written it.  Privilege held: none.
 *
 * Several documents are one file for libxml2: they are put into an element of ours.  There no document type can be declared,
 * so that there is no entity to expand, internal or external, and no external subset to fetch.  Its own bounds are kept
 * (XML_PARSE_HUGE is not given: 256 levels, 10 MB of text).  What it does in quadratic time is bounded here, on the bytes,
 * so that it holds of malformed text as well: no tag reaches over a '<', and each attribute has an '=' and a quote behind it
 * (an '=' alone would be counted in prose: lines of them stand in comments).
 */
#include "cli/import/libvirt/xml.h"

#include <libxml/xmlerror.h>
#include <stdlib.h>
#include <string.h>

#define TAG_VALUES 256             /* from one '<' to the next: attributes are compared with each other */
#define NAMESPACE_WORK (1ul << 28) /* declarations of namespaces times tags: each may look through all */
#define COMMENT_WORK (1ul << 31)   /* "--" times bytes: for each within a comment its error has a copy of it */
#define BEGIN "<documents>"
#define END "</documents>"

#if LIBXML_VERSION >= 21200
typedef const xmlError *error_pointer;
#else
typedef xmlErrorPtr error_pointer;
#endif

struct first_error {
    char message[200];
    unsigned line;
};

static void take_error(void *context, error_pointer error) {
    struct first_error *first = context;

    if (first->message[0] || error->level < XML_ERR_ERROR) return;
    snprintf(first->message, sizeof(first->message), "%s", error->message ? error->message : "?");
    if (*first->message && first->message[strlen(first->message) - 1] == '\n') first->message[strlen(first->message) - 1] = 0;
    first->line = error->line > 0 ? (unsigned)error->line : 1;
}

static xmlParserInputPtr load_nothing(const char *url, const char *id, xmlParserCtxtPtr context) {
    (void)url, (void)id, (void)context;
    return NULL;
}

/* Is it the quote behind the '=' of an attribute?  TEXT reaches back to BEGIN. */
static bool begins_value(const char *begin, const char *text) {
    if (*text != '"' && *text != '\'') return false;
    while (text > begin && strchr(" \t\r\n", text[-1])) text--;
    return text > begin && text[-1] == '=';
}

/* What no document of libvirt's has, and what takes long. */
static bool check_bytes(struct import *import, const char *text, size_t size) {
    unsigned long line = 1, values = 0, tags = 0, namespaces = 0, dashes = 0;

    for (size_t i = 0; i < size; i++) {
        line += text[i] == '\n';
        tags += text[i] == '<';
        values = text[i] == '<' ? 0 : values + begins_value(text, text + i);
        namespaces += size - i > 5 && !memcmp(text + i, "xmlns", 5);
        dashes += size - i > 2 && text[i] == '-' && text[i + 1] == '-' && text[i + 2] != '>';
        if (text[i] && values <= TAG_VALUES) continue;
        import_fault(import, (unsigned)line, "%s", text[i] ? "more than 256 attributes" : "a NUL byte: only UTF-8 is read");
        return false;
    }
    if (namespaces * tags <= NAMESPACE_WORK && dashes * size <= COMMENT_WORK) return true;
    import_fault(import, 1, "too much: %lu bytes with %lu tags, %lu declarations of namespaces, %lu of --", (unsigned long)size,
                 tags, namespaces, dashes);
    return false;
}

/*
 * <?xml ...?>, which each document may have, but not within an element, becomes blanks; lines stay.  It has no < or > before
 * its end: what begins as one in a comment, or never ends, is left to libxml2, and takes no document behind it along.
 */
static void blank_declarations(char *text) {
    for (char *at = strstr(text, "<?xml"), *end; at; at = strstr(at + 1, "<?xml")) {
        if (!at[5] || !strchr(" \t\r\n", at[5])) continue;
        end = at + 5 + strcspn(at + 5, "<>");
        if (*end != '>' || end[-1] != '?') continue;
        for (char *byte = at; byte <= end; byte++)
            if (*byte != '\n') *byte = ' ';
    }
}

/* TEXT within an element of ours; for free(3). */
static char *wrap(const char *text, size_t size) {
    char *wrapped = malloc(size + sizeof(BEGIN) + sizeof(END));

    if (!wrapped) return NULL;
    if (size >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) /* a byte order mark */
        text += 3, size -= 3;
    memcpy(wrapped, BEGIN, sizeof(BEGIN) - 1);
    memcpy(wrapped + sizeof(BEGIN) - 1, text, size);
    memcpy(wrapped + sizeof(BEGIN) - 1 + size, END, sizeof(END));
    blank_declarations(wrapped);
    return wrapped;
}

static void tell(struct import *import, const char *text, const struct first_error *error) {
    bool declares = strstr(text, "<!DOCTYPE") || strstr(text, "<!ENTITY");

    import_fault(import, error->line ? error->line : 1, "%s: %s",
                 declares ? "document types and entities are not read" : "not well-formed XML",
                 xmlCheckUTF8((const xmlChar *)text) ? error->message : "only UTF-8 is read");
}

xmlDoc *import_xml_read(struct import *import, const char *text, size_t size) {
    int options = XML_PARSE_NONET | XML_PARSE_NOCDATA | XML_PARSE_BIG_LINES;
    struct first_error error = {.message = ""};
    xmlDoc *document = NULL;
    char *wrapped;

    if (!check_bytes(import, text, size)) return NULL;
    wrapped = wrap(text, size);
    xmlSetExternalEntityLoader(load_nothing);
    xmlSetStructuredErrorFunc(&error, take_error);
    if (wrapped) document = xmlReadMemory(wrapped, (int)strlen(wrapped), NULL, "UTF-8", options);
    xmlSetStructuredErrorFunc(NULL, NULL);
    if (!document) tell(import, wrapped ? wrapped : "", &error);
    free(wrapped);
    return document;
}

bool import_xml_is(const xmlNode *node, const char *name) {
    return node->type == XML_ELEMENT_NODE && !node->ns && !strcmp((const char *)node->name, name);
}

const xmlNode *import_xml_first(const xmlNode *parent, const char *name) {
    for (const xmlNode *node = parent->children; node; node = node->next)
        if (import_xml_is(node, name)) return node;
    return NULL;
}

char *import_xml_attribute(const xmlNode *node, const char *name) {
    return node ? (char *)xmlGetNoNsProp(node, (const xmlChar *)name) : NULL;
}

unsigned import_xml_line(const xmlNode *node) {
    long line = xmlGetLineNo(node);

    return line > 0 ? (unsigned)line : 1;
}
