// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * libvirt's documents, one after another -> definitions, each labelled by its domain's name and its place in it.
 */
#include "cli/import/libvirt/xml.h"
#include "conf/policy/policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The domains so far that have interfaces, for those that come twice: virt-install(1) prints one for each of its steps. */
struct domain {
    char *name;
    xmlChar *interfaces; /* as text */
};

struct documents {
    struct import *import;
    struct domain domains[IMPORT_DOCUMENTS];
    size_t domain_count;
    unsigned number; /* of documents so far */
    bool no_memory;
};

static bool has_label(const struct import *import, const char *label) {
    for (size_t i = 0; i < import->definitions.count; i++)
        if (!strcmp(import->definitions.definition[i].interface.label, label)) return true;
    return false;
}

/*
 * NAME-POSITION, with - for every byte that no label has; NAME-dNUMBER-POSITION where another has that one, and if that is
 * another's too, with a number behind it: a domain may be called vm-d2.
 */
static void make_label(const struct documents *documents, const char *name, unsigned position, char label[INTERFACE_LABEL]) {
    char tail[32];

    for (unsigned again = 0;; again++) {
        if (!again)
            snprintf(tail, sizeof(tail), "-%u", position);
        else if (again == 1)
            snprintf(tail, sizeof(tail), "-d%u-%u", documents->number, position);
        else
            snprintf(tail, sizeof(tail), "-d%u-%u-%u", documents->number, position, again);
        snprintf(label, INTERFACE_LABEL, "%.*s", (int)(INTERFACE_LABEL - 1 - strlen(tail)), name);
        for (char *byte = label; *byte; byte++)
            if (!strchr(POLICY_NAME, *byte)) *byte = '-';
        strcat(label, tail);
        if (!has_label(documents->import, label)) return;
    }
}

static void take_interface(struct documents *documents, const xmlNode *node, const char *name, unsigned position) {
    char label[INTERFACE_LABEL];

    make_label(documents, name, position, label);
    if (import_interface(documents->import, node, label)) documents->no_memory = true;
}

static const xmlNode *from(const xmlNode *node, const char *name) {
    while (node && !import_xml_is(node, name)) node = node->next;
    return node;
}

/* The next <interface> of DOMAIN, whichever <devices> it is in: libvirt takes ./devices/interface.  LAST NULL: the first. */
static const xmlNode *next_interface(const xmlNode *domain, const xmlNode *last) {
    const xmlNode *devices = last ? last->parent : from(domain->children, "devices");
    const xmlNode *next = from(last ? last->next : devices ? devices->children : NULL, "interface");

    while (devices && !next) {
        devices = from(devices->next, "devices");
        next = devices ? from(devices->children, "interface") : NULL;
    }
    return next;
}

/* The <interface> elements of DOMAIN as text; NULL: out of memory. */
static xmlChar *interfaces_text(const xmlNode *domain) {
    xmlBuffer *buffer = xmlBufferCreate();
    xmlChar *text;

    for (const xmlNode *node = next_interface(domain, NULL); buffer && node; node = next_interface(domain, node))
        xmlNodeDump(buffer, node->doc, (xmlNode *)node, 0, 0);
    text = buffer ? xmlBufferDetach(buffer) : NULL;
    if (buffer && !text) text = xmlStrdup((const xmlChar *)"");
    xmlBufferFree(buffer);
    return text;
}

/* Is it an earlier one again?  Otherwise it is kept to be compared with, and with it NAME. */
static bool came_before(struct documents *documents, char *name, const xmlNode *node) {
    struct domain domain = {name, interfaces_text(node)};

    for (size_t i = 0; domain.interfaces && i < documents->domain_count; i++) {
        if (strcmp(documents->domains[i].name, name) || xmlStrcmp(documents->domains[i].interfaces, domain.interfaces)) continue;
        xmlFree(domain.interfaces);
        return true;
    }
    if (!domain.interfaces) documents->no_memory = true;
    documents->domains[documents->domain_count++] = domain;
    return false;
}

static void take_domain(struct documents *documents, const xmlNode *node) {
    const xmlNode *interface = next_interface(node, NULL), *named = import_xml_first(node, "name");
    char *name = named ? (char *)xmlNodeGetContent(named) : strdup("domain");
    unsigned position = 0;

    if (!name) {
        documents->no_memory = true;
        return;
    }
    if (interface && came_before(documents, name, node)) {
        import_note(documents->import, import_xml_line(node),
                    "domain %.100s: a second time, with the same interfaces: not carried", name);
        free(name);
        return;
    }
    for (; interface; interface = next_interface(node, interface)) take_interface(documents, interface, name, position++);
    if (!position) {
        import_note(documents->import, import_xml_line(node), "domain %.100s: has no interface", name);
        free(name);
    }
}

static void take_document(struct documents *documents, const xmlNode *node) {
    unsigned line = import_xml_line(node);

    if (import_xml_is(node, "domain")) {
        take_domain(documents, node);
    } else if (!import_xml_is(node, "interface")) {
        import_fault(documents->import, line, "<%.100s>: neither <domain> nor <interface> of libvirt", node->name);
    } else if (xmlHasProp((xmlNode *)node, (const xmlChar *)"name")) {
        import_fault(documents->import, line, "an <interface> with a name is of the host (virsh iface-dumpxml), not of a domain");
    } else {
        take_interface(documents, node, "interface", documents->number - 1);
    }
}

static bool is_blank(const xmlNode *node) {
    return node->type == XML_COMMENT_NODE || node->type == XML_PI_NODE || xmlIsBlankNode(node);
}

static void take_documents(struct documents *documents, const xmlNode *root) {
    for (const xmlNode *node = root->children; node; node = node->next) {
        if (node->type == XML_ELEMENT_NODE) {
            if (documents->number++ < IMPORT_DOCUMENTS) take_document(documents, node);
        } else if (!is_blank(node)) {
            import_fault(documents->import, import_xml_line(node), "text that is no XML document");
        }
    }
    if (documents->number > IMPORT_DOCUMENTS) import_fault(documents->import, 1, "more than 4096 documents in one file");
    if (!documents->number) import_fault(documents->import, 1, "neither a <domain> nor an <interface>");
}

int import_documents(struct import *import, const char *text, size_t size) {
    struct documents *documents = calloc(1, sizeof(*documents));
    xmlDoc *document = documents ? import_xml_read(import, text, size) : NULL;
    int failed;

    if (document) {
        documents->import = import;
        take_documents(documents, xmlDocGetRootElement(document));
    }
    failed = !documents || documents->no_memory ? -ENOMEM : 0;
    for (size_t i = 0; documents && i < documents->domain_count; i++) {
        free(documents->domains[i].name);
        xmlFree(documents->domains[i].interfaces);
    }
    free(documents);
    xmlFreeDoc(document);
    return failed ? failed : definitions_check(&import->definitions, import->purpose, import->fault, import->context);
}
