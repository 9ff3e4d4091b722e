// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/shared/options.h"

#include <getopt.h>
#include <stdarg.h>
#include <string.h>

/* What getopt_long(3) returns beside a letter, '?' and ':'. */
enum {
    CODE_WORD = 1, /* its own: a word that is no option */
    CODE_HELP = 256,
    CODE_VERSION,
    CODE_ROW /* and the number of the row */
};

#define OPTION_TEXT 40 /* "--name ARGUMENT" */

/* The options in getopt_long(3)'s own form. */
struct grammar {
    char letters[3 + 2 * OPTIONS_ROWS];
    struct option names[OPTIONS_ROWS + 3];
};

static bool is_letter(const struct option_row *row) {
    return !row->name[1];
}

static bool is_last(const struct options *options, size_t number) {
    return number == OPTIONS_ROWS || !options->row[number].name;
}

/*
 * '-' returns each word in its turn, and '+' stops at the first; neither lets POSIXLY_CORRECT
 * decide.  ':' tells a value that is missing from an option that is unknown.
 */
static void write_grammar(const struct options *options, struct grammar *grammar) {
    struct option *name = grammar->names;
    char *letter = grammar->letters;

    *grammar = (struct grammar){0};
    *letter++ = options->stops_at_word ? '+' : '-';
    *letter++ = ':';
    *name++ = (struct option){"help", no_argument, NULL, CODE_HELP};
    *name++ = (struct option){"version", no_argument, NULL, CODE_VERSION};
    for (size_t i = 0; !is_last(options, i); i++) {
        const struct option_row *row = &options->row[i];
        int argument = row->argument ? required_argument : no_argument;

        if (!is_letter(row)) {
            *name++ = (struct option){row->name, argument, NULL, CODE_ROW + (int)i};
            continue;
        }
        *letter++ = row->name[0];
        if (row->argument) {
            *letter++ = ':';
        }
    }
}

/* NULL: CODE is that of no row. */
static const struct option_row *find_row(const struct options *options, int code) {
    for (size_t i = 0; !is_last(options, i); i++) {
        const struct option_row *row = &options->row[i];

        if (is_letter(row) ? code == row->name[0] : code == CODE_ROW + (int)i) {
            return row;
        }
    }
    return NULL;
}

__attribute__((format(printf, 2, 3))) static enum options_result refuse(struct options *options,
                                                                        const char *format,
                                                                        ...) {
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(options->fault, sizeof(options->fault), format, arguments);
    va_end(arguments);
    return OPTIONS_WRONG;
}

/* Is WORD, up to a '=', the whole of --NAME? */
static bool is_whole(const char *word, const char *name) {
    const char *written = word + strlen("--");
    size_t length = strlen(name);

    return strcspn(written, "=") == length && !strncmp(written, name, length);
}

static const char *row_dashes(const struct option_row *row) {
    return is_letter(row) ? "-" : "--";
}

static enum options_result store(struct options *options,
                                 const struct option_row *row,
                                 const char *value) {
    if (row->flag) {
        *row->flag = true;
    } else if (row->last) {
        *row->last = value;
    } else if (row->once) {
        if (*row->once) {
            return refuse(options, "%s%s is given twice", row_dashes(row), row->name);
        }
        *row->once = value;
    } else {
        if (row->all->count == OPTIONS_VALUES) {
            return refuse(options, "more than %d %s%s", OPTIONS_VALUES, row_dashes(row), row->name);
        }
        row->all->value[row->all->count] = value;
        row->all->count++;
    }
    return OPTIONS_READ;
}

/* CODE is what getopt_long(3) returned for WORD. */
static enum options_result take_option(struct options *options, int code, const char *word) {
    bool lacks_value = code == ':';
    const struct option_row *row = find_row(options, lacks_value ? optopt : code);

    if (code == CODE_HELP && is_whole(word, "help")) {
        return OPTIONS_HELP;
    }
    if (code == CODE_VERSION && is_whole(word, "version")) {
        return OPTIONS_VERSION;
    }
    if (!row || (!is_letter(row) && !is_whole(word, row->name))) {
        return refuse(options, "unknown option '%s'", word);
    }
    if (lacks_value) {
        return refuse(options, "%s%s needs a value", row_dashes(row), row->name);
    }
    return store(options, row, optarg);
}

/* Moves the words behind the options to those that stood between them. */
static void take_words(struct options *options, int argc, char *argv[]) {
    if (options->stops_at_word) {
        options->word = argv + optind;
        options->word_count = argc - optind;
        return;
    }
    for (int i = optind; i < argc; i++) {
        options->word[options->word_count] = argv[i];
        options->word_count++;
    }
    options->word[options->word_count] = NULL;
}

enum options_result options_read(struct options *options, int argc, char *argv[]) {
    enum options_result result = OPTIONS_READ;
    struct grammar grammar;

    write_grammar(options, &grammar);
    options->word = argv + 1;
    options->word_count = 0;
    opterr = 0;
    optind = 0; /* for glibc: begin anew, with another grammar; it goes on from 1 */
    while (result == OPTIONS_READ) {
        const char *word = argv[optind ? optind : 1];
        int code = getopt_long(argc, argv, grammar.letters, grammar.names, NULL);

        if (code == -1) {
            take_words(options, argc, argv);
            break;
        }
        if (code == CODE_WORD) {
            options->word[options->word_count] = optarg;
            options->word_count++;
        } else {
            result = take_option(options, code, word);
        }
    }
    return result;
}

static void write_option(const struct option_row *row, char text[OPTION_TEXT]) {
    snprintf(text, OPTION_TEXT, "%s%s%s%s", row_dashes(row), row->name, row->argument ? " " : "",
             row->argument ? row->argument : "");
}

void options_print(const struct options *options, FILE *out) {
    static const struct option_row help = {.name = "help", .help = "shows this"};
    static const struct option_row version = {.name = "version", .help = "shows the version"};
    const struct option_row *shown[OPTIONS_ROWS + 2];
    char text[OPTION_TEXT];
    size_t count = 0;
    size_t width = 0;

    while (!is_last(options, count)) {
        shown[count] = &options->row[count];
        count++;
    }
    shown[count] = &help;
    shown[count + 1] = &version;
    count += 2;
    for (size_t i = 0; i < count; i++) {
        write_option(shown[i], text);
        width = strlen(text) > width ? strlen(text) : width;
    }
    fputs(options->usage, out);
    for (size_t i = 0; i < count; i++) {
        write_option(shown[i], text);
        fprintf(out, "  %-*s  %s\n", (int)width, text, shown[i]->help);
    }
    if (options->end) {
        fputs(options->end, out);
    }
}
