// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tapgrant-import: what "tapgrant import" executes.  It is a program of its own because libxml2
 * doubles the time that a start takes, which no other verb should pay, and because the process that
 * reads foreign XML should have nothing else.
 */
#include "cli/import/import.h"
#include "cli/output/output.h"

int main(int argc, char *argv[]) {
    if (!output_keep_descriptors()) {
        return TAPGRANT_FAILED;
    }
    return import_run(argc, argv);
}
