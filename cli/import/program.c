// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tapgrant-import: what `tapgrant import` executes.  A program of its own, so that no other verb loads libxml2 and what it
 * brings along, which doubles the time of a start, and so that nothing else is in the process that reads foreign XML.
 */
#include "cli/command.h"

int main(int argc, char *argv[]) {
    if (!output_keep_descriptors()) return TAPGRANT_FAILED;
    return import_main(argc, argv);
}
