// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * libvirt's documents: imported; what came of them must be a file that definitions_read() takes and that is written the
 * same again, and as libvirt's elements must be imported as the same definitions.
 */
#include "cli/import/import.h"
#include "cli/show/libvirt.h"

#include <libxml/parser.h>
#include <stdlib.h>
#include <string.h>

#define REQUIRE(condition) do { if (!(condition)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned told;

static void require_printable(const char *text) {
    for (; *text; text++) REQUIRE(*text >= ' ' && *text <= '~');
}

static void take_fault(void *context, unsigned line, const char *reason, const char *hint) {
    REQUIRE(context == &told && line && *reason && hint);
    require_printable(reason);
    told++;
}

static void take_note(void *context, unsigned line, const char *text) {
    REQUIRE(context == &told && line && *text);
    require_printable(text);
}

static int import(struct import *import, const char *text, size_t size, const char *owner) {
    told = 0;
    *import = (struct import){.purpose = owner ? DEFINITIONS_APPLY : DEFINITIONS_INACTIVE, .owner = owner, .note = take_note,
                              .fault = take_fault, .context = &told};
    return import_documents(import, text, size);
}

static char *written(const struct definitions *definitions, size_t *size) {
    char *text = NULL;
    FILE *out = open_memstream(&text, size);

    REQUIRE(out);
    definitions_write(definitions, out);
    fclose(out);
    return text;
}

/* The definitions read back, and written the same but for comments. */
static void check_text(struct import *import) {
    struct definitions again;
    char *text = NULL, *first, *second;
    size_t size, first_size, second_size;
    FILE *out = open_memstream(&text, &size);

    import_write(import, out);
    fclose(out);
    REQUIRE(!definitions_read(&again, text, size, import->purpose, NULL, NULL));
    REQUIRE(again.count == import->definitions.count);
    for (size_t i = 0; i < import->definitions.count; i++) {
        free(import->definitions.definition[i].comment);
        import->definitions.definition[i].comment = NULL;
    }
    first = written(&import->definitions, &first_size);
    second = written(&again, &second_size);
    REQUIRE(first_size == second_size && !memcmp(first, second, first_size));
    free(text);
    free(first);
    free(second);
    definitions_free(&again);
}

/* As libvirt's elements, and from there: the same interfaces but for the labels. */
static void check_libvirt(const struct definitions *definitions) {
    struct import again;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    for (size_t i = 0; i < definitions->count; i++) show_libvirt(&definitions->definition[i], out);
    fclose(out);
    REQUIRE(import(&again, text, size, NULL) == (definitions->count ? 0 : -22) && again.definitions.count == definitions->count);
    for (size_t i = 0; i < definitions->count; i++) {
        struct interface *a = &definitions->definition[i].interface, *b = &again.definitions.definition[i].interface;
        char one[INTERFACE_SPEC], other[INTERFACE_SPEC];

        if (a->queues > 1 && !a->given[INTERFACE_KEY_VNET_HDR]) continue; /* a model stands there for the queues' sake */
        REQUIRE(!strcmp(interface_format(a, one), interface_format(b, other)));
    }
    import_free(&again);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    for (int owner = 0; owner < 2; owner++) {
        struct import imported;
        int failed = import(&imported, (const char *)data, size, owner ? "alice" : NULL);

        REQUIRE((failed != 0) == (told != 0) && told == imported.definitions.faults);
        if (!failed) check_text(&imported);
        if (!failed && !owner) check_libvirt(&imported.definitions);
        import_free(&imported);
    }
    xmlResetLastError();
    return 0;
}
