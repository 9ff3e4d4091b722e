// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * libvirt's documents, one after another -> definitions.  The label of each is its domain's name
 * and its place in it.
 */
#include "cli/import/libvirt/interface.h"
#include "conf/policy/policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DOCUMENTS 4096 /* in a file */
#define LABEL_TAIL 32

/* A domain that has interfaces.  virt-install(1) prints a domain once for each of its steps. */
struct domain {
    char *name;
    xmlChar *interfaces; /* as text */
};

struct documents {
    struct import *import;
    struct domain domains[DOCUMENTS];
    size_t domain_count;
    unsigned number; /* of documents so far */
    bool no_memory;
};

static bool has_label(const struct import *import, const char *label) {
    for (size_t i = 0; i < import->definitions.count; i++) {
        if (!strcmp(import->definitions.definition[i].interface.label, label)) {
            return true;
        }
    }
    return false;
}

/* NAME and TAIL in a label, whose bytes they need not be. */
static void join_label(const char *name, const char *tail, char label[INTERFACE_LABEL]) {
    int room = (int)(INTERFACE_LABEL - 1 - strlen(tail));

    snprintf(label, INTERFACE_LABEL, "%.*s", room, name);
    for (char *byte = label; *byte; byte++) {
        if (!strchr(POLICY_NAME, *byte)) {
            *byte = '-';
        }
    }
    strcat(label, tail);
}

/*
 * NAME-POSITION.  If another definition has that label, NAME-dNUMBER-POSITION by the document's
 * number.  If that is taken too, for a domain may be called vm-d2, with one more number.
 */
static void make_label(const struct documents *documents,
                       const char *name,
                       unsigned position,
                       char label[INTERFACE_LABEL]) {
    char tail[LABEL_TAIL];

    snprintf(tail, sizeof(tail), "-%u", position);
    join_label(name, tail, label);
    if (!has_label(documents->import, label)) {
        return;
    }
    snprintf(tail, sizeof(tail), "-d%u-%u", documents->number, position);
    join_label(name, tail, label);
    for (unsigned again = 2; has_label(documents->import, label); again++) {
        snprintf(tail, sizeof(tail), "-d%u-%u-%u", documents->number, position, again);
        join_label(name, tail, label);
    }
}

static void take_interface(struct documents *documents,
                           const xmlNode *node,
                           const char *name,
                           unsigned position) {
    char label[INTERFACE_LABEL];

    make_label(documents, name, position, label);
    if (import_interface(documents->import, node, label)) {
        documents->no_memory = true;
    }
}

/* NODE or the first behind it that is an element of this name. */
static const xmlNode *find_from(const xmlNode *node, const char *name) {
    while (node && !import_xml_is(node, name)) {
        node = node->next;
    }
    return node;
}

/* The first <interface> of DEVICES or of a <devices> behind it. */
static const xmlNode *first_interface(const xmlNode *devices) {
    while (devices) {
        const xmlNode *interface = find_from(devices->children, "interface");

        if (interface) {
            return interface;
        }
        devices = find_from(devices->next, "devices");
    }
    return NULL;
}

/*
 * The <interface> of DOMAIN behind LAST, or the first if LAST is NULL.  As libvirt, it looks in
 * every <devices>.
 */
static const xmlNode *next_interface(const xmlNode *domain, const xmlNode *last) {
    const xmlNode *next;

    if (!last) {
        return first_interface(find_from(domain->children, "devices"));
    }
    next = find_from(last->next, "interface");
    return next ? next : first_interface(find_from(last->parent->next, "devices"));
}

/* The <interface> elements of DOMAIN as text, for xmlFree().  NULL: out of memory. */
static xmlChar *interfaces_text(const xmlNode *domain) {
    xmlBuffer *buffer = xmlBufferCreate();
    const xmlNode *node = next_interface(domain, NULL);
    xmlChar *text;

    if (!buffer) {
        return NULL;
    }
    while (node) {
        xmlNodeDump(buffer, node->doc, (xmlNode *)node, 0, 0);
        node = next_interface(domain, node);
    }
    text = xmlBufferDetach(buffer);
    xmlBufferFree(buffer);
    return text ? text : xmlStrdup((const xmlChar *)"");
}

static bool has_domain(const struct documents *documents, const struct domain *domain) {
    for (size_t i = 0; i < documents->domain_count; i++) {
        const struct domain *other = &documents->domains[i];

        if (!strcmp(other->name, domain->name) &&
            !xmlStrcmp(other->interfaces, domain->interfaces)) {
            return true;
        }
    }
    return false;
}

/*
 * Takes NAME and the interfaces into the domains.  False, with NAME left to the caller: they are
 * there.
 */
static bool add_domain(struct documents *documents, char *name, const xmlNode *node) {
    struct domain domain = {name, interfaces_text(node)};

    if (!domain.interfaces) {
        documents->no_memory = true;
    } else if (has_domain(documents, &domain)) {
        xmlFree(domain.interfaces);
        return false;
    }
    documents->domains[documents->domain_count] = domain;
    documents->domain_count++;
    return true;
}

static void take_domain(struct documents *documents, const xmlNode *node) {
    struct import *import = documents->import;
    const xmlNode *interface = next_interface(node, NULL);
    const xmlNode *named = import_xml_first(node, "name");
    char *name = named ? (char *)xmlNodeGetContent(named) : strdup("domain");
    unsigned position = 0;

    if (!name) {
        documents->no_memory = true;
        return;
    }
    if (!interface) {
        import_note(import, import_xml_line(node), "domain %.100s: has no interface", name);
        free(name);
        return;
    }
    if (!add_domain(documents, name, node)) {
        import_note(import, import_xml_line(node),
                    "domain %.100s: a second time, with the same interfaces: not carried", name);
        free(name);
        return;
    }
    while (interface) {
        take_interface(documents, interface, name, position);
        position++;
        interface = next_interface(node, interface);
    }
}

static void take_document(struct documents *documents, const xmlNode *node) {
    struct import *import = documents->import;
    unsigned line = import_xml_line(node);

    if (import_xml_is(node, "domain")) {
        take_domain(documents, node);
    } else if (!import_xml_is(node, "interface")) {
        import_fault(import, line, "<%.100s>: neither <domain> nor <interface> of libvirt",
                     node->name);
    } else if (xmlHasProp((xmlNode *)node, (const xmlChar *)"name")) {
        import_fault(
            import, line,
            "an <interface> with a name is of the host (virsh iface-dumpxml), not of a domain");
    } else {
        take_interface(documents, node, "interface", documents->number - 1);
    }
}

static bool is_blank(const xmlNode *node) {
    return node->type == XML_COMMENT_NODE || node->type == XML_PI_NODE || xmlIsBlankNode(node);
}

static void take_documents(struct documents *documents, const xmlNode *root) {
    struct import *import = documents->import;

    for (const xmlNode *node = root->children; node; node = node->next) {
        if (node->type == XML_ELEMENT_NODE) {
            documents->number++;
            if (documents->number <= DOCUMENTS) {
                take_document(documents, node);
            }
        } else if (!is_blank(node)) {
            import_fault(import, import_xml_line(node), "text that is no XML document");
        }
    }
    if (documents->number > DOCUMENTS) {
        import_fault(import, 1, "more than 4096 documents in one file");
    }
    if (!documents->number) {
        import_fault(import, 1, "neither a <domain> nor an <interface>");
    }
}

static void free_documents(struct documents *documents) {
    for (size_t i = 0; i < documents->domain_count; i++) {
        free(documents->domains[i].name);
        xmlFree(documents->domains[i].interfaces);
    }
    free(documents);
}

int import_documents(struct import *import, const char *text, size_t size) {
    struct documents *documents = calloc(1, sizeof(*documents));
    xmlDoc *document;
    bool no_memory;

    if (!documents) {
        return -ENOMEM;
    }
    documents->import = import;
    document = import_xml_read(import, text, size);
    if (document) {
        take_documents(documents, xmlDocGetRootElement(document));
        xmlFreeDoc(document);
    }
    no_memory = documents->no_memory;
    free_documents(documents);
    if (no_memory) {
        return -ENOMEM;
    }
    return definitions_check(&import->definitions, import->purpose, import->fault, import->context);
}
