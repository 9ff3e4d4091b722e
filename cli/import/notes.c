// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What an import tells: faults, and what is not carried over, which is a comment as well.
 */
#include "cli/import/import.h"

#include <stdarg.h>
#include <stdlib.h>

/* Printable text, for free(3).  NULL: out of memory. */
__attribute__((format(printf, 1, 0))) static char *printable(const char *format,
                                                             va_list arguments) {
    char *text = NULL;

    if (vasprintf(&text, format, arguments) < 0) {
        return NULL;
    }
    for (char *byte = text; *byte; byte++) {
        if (*byte < ' ' || *byte > '~') {
            *byte = '?';
        }
    }
    return text;
}

void import_note(struct import *import, unsigned line, const char *format, ...) {
    va_list arguments;
    char *text;

    va_start(arguments, format);
    text = printable(format, arguments);
    va_end(arguments);
    if (!text) {
        return;
    }
    if (import->note) {
        import->note(import->context, line, text);
    }
    if (!import->stream) {
        import->stream = open_memstream(&import->text, &import->text_size);
    }
    if (import->stream) {
        fprintf(import->stream, "%s\n", text);
    }
    free(text);
}

void import_fault(struct import *import, unsigned line, const char *format, ...) {
    va_list arguments;
    char *text;

    import->definitions.faults++;
    va_start(arguments, format);
    text = printable(format, arguments);
    va_end(arguments);
    if (text && import->fault) {
        import->fault(import->context, line, text, "");
    }
    free(text);
}

char *import_comment(struct import *import) {
    char *text;

    if (!import->stream) {
        return NULL;
    }
    fclose(import->stream);
    import->stream = NULL;
    text = import->text;
    import->text = NULL;
    return text;
}

void import_write(struct import *import, FILE *out) {
    char *rest = import_comment(import);

    definitions_write(&import->definitions, out);
    if (rest && import->definitions.count) {
        fputc('\n', out);
    }
    if (rest) {
        definitions_write_comment(rest, out);
    }
    free(rest);
}

void import_free(struct import *import) {
    free(import_comment(import));
    definitions_free(&import->definitions);
}
