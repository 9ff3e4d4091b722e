/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within the import of libvirt's documents: XML, bounded. */
#pragma once

#include "cli/import/import.h"

#include <libxml/parser.h>
#include <libxml/tree.h>

#define IMPORT_SIZE DEFINITIONS_SIZE /* bytes of documents, for who reads them */
#define IMPORT_DOCUMENTS 4096        /* in a file */
#define IMPORT_CHILDREN 256          /* elements in an <interface> */

/*
 * TEXT[SIZE] as a tree, whose root's children are the documents; for xmlFreeDoc().  No DTD, no entity but XML's own five,
 * and nothing but TEXT is read.  NULL: a fault was told.
 */
xmlDoc *import_xml_read(struct import *import, const char *text, size_t size);

/* Elements of no namespace, as libvirt's are.  NULL: none. */
const xmlNode *import_xml_first(const xmlNode *parent, const char *name);
bool import_xml_is(const xmlNode *node, const char *name);

/* For free(3); NULL: NODE is NULL, or has none. */
char *import_xml_attribute(const xmlNode *node, const char *name);

unsigned import_xml_line(const xmlNode *node);

/* One <interface>, whose definition is then the last one, or which is noted or a fault.  -ENOMEM. */
CHECKED int import_interface(struct import *import, const xmlNode *node, const char *label);
