/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within the import of libvirt's documents: XML, bounded. */
#pragma once

#include "cli/import/import.h"

#include <libxml/parser.h>
#include <libxml/tree.h>

/*
 * Reads TEXT[SIZE] into a tree for xmlFreeDoc(), whose root's children are the documents.  No
 * document type and no entity is read but XML's own five, and nothing but TEXT is opened.  NULL: a
 * fault was told.
 */
xmlDoc *import_xml_read(struct import *import, const char *text, size_t size);

/* Is NODE an element of this name, of no namespace, as libvirt's are? */
bool import_xml_is(const xmlNode *node, const char *name);

/* The first such element of PARENT.  NULL: none. */
const xmlNode *import_xml_first(const xmlNode *parent, const char *name);

/* For free(3).  NULL: NODE is NULL, or has no such attribute. */
char *import_xml_attribute(const xmlNode *node, const char *name);

unsigned import_xml_line(const xmlNode *node);
