// SPDX-License-Identifier: LGPL-2.1-or-later
/* A definition file's bytes: read for each purpose; what is accepted is written, and has to read back as the same text. */
#include "conf/definitions/definitions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define REQUIRE(condition) do { if (!(condition)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned told;

static void tell(void *context, unsigned line, const char *reason, const char *hint) {
    REQUIRE(context == &told && line && *reason && hint);
    for (const char *byte = reason; *byte; byte++) REQUIRE(*byte >= ' ' && *byte <= '~');
    told++;
}

static char *write_text(const struct definitions *definitions, size_t *size) {
    char *text = NULL;
    FILE *out = open_memstream(&text, size);

    definitions_write(definitions, out);
    REQUIRE(!fclose(out) && text);
    return text;
}

/* What an accepted interface says as a spec is accepted as one, but for what only a file may say. */
static void check_spec(const struct definition *definition) {
    struct interface again, asked = definition->interface;
    struct interface_fault fault;
    char spec[INTERFACE_SPEC];

    interface_drop_generated(&asked, false);
    interface_format(&asked, spec);
    REQUIRE(strlen(spec) < sizeof(spec));
    if (asked.purpose == INTERFACE_APPLY) return;
    REQUIRE(!interface_parse(&again, spec, &fault));
    memcpy(again.label, asked.label, sizeof(again.label));
    REQUIRE(!strcmp(again.dev, asked.dev) && !strcmp(again.bridge, asked.bridge) && !strcmp(again.script, asked.script));
    REQUIRE(again.managed == asked.managed && again.queues == asked.queues && again.mtu == asked.mtu);
}

static void check_kept(const struct definitions *definitions, enum definitions_purpose purpose) {
    struct definitions again;
    size_t size, size_again;
    char *text, *text_again;

    for (size_t i = 0; i < definitions->count; i++) {
        REQUIRE(definition_label_valid(definitions->definition[i].interface.label));
        check_spec(&definitions->definition[i]);
        for (size_t j = 0; j < i && i < 16; j++)
            REQUIRE(strcmp(definitions->definition[i].interface.label, definitions->definition[j].interface.label));
    }
    text = write_text(definitions, &size);
    REQUIRE(!definitions_read(&again, text, size, purpose, tell, &told) && again.count == definitions->count);
    text_again = write_text(&again, &size_again);
    REQUIRE(size == size_again && !memcmp(text, text_again, size));
    definitions_free(&again);
    free(text);
    free(text_again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct definitions definitions;

    for (enum definitions_purpose purpose = DEFINITIONS_LIVE; purpose <= DEFINITIONS_APPLY; purpose++) {
        int error;

        told = 0;
        error = definitions_read(&definitions, (const char *)data, size, purpose, tell, &told);
        REQUIRE(error == 0 || error == -EINVAL);
        REQUIRE((error != 0) == (told != 0) && told == definitions.faults);
        told = 0;
        check_kept(&definitions, purpose);
        REQUIRE(!told);
        definitions_free(&definitions);
    }
    return 0;
}
