// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a struct tapgrant_error says is shown on terminals.  Names of devices and files may have
 * been chosen by others, so every byte that is not printable is escaped here.
 */
#include "lib/error.h"
#include "wire/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void error_clear(struct tapgrant_error *failure) {
    if (failure) {
        *failure = (struct tapgrant_error){.code = TAPGRANT_OK};
    }
}

/* Each word is of a code; managed/ has further ones for single reasons. */
static const char *word_of(int code) {
    static const char *const words[] = {
        [TAPGRANT_OK] = "",
        [TAPGRANT_FAILED] = "failed",
        [TAPGRANT_USAGE] = "usage",
        [TAPGRANT_DENIED] = "denied",
        [TAPGRANT_DEVICE] = "device",
        [TAPGRANT_QUOTA] = "over_quota",
        [TAPGRANT_BUSY] = "busy",
    };

    return words[code];
}

int error_set(struct tapgrant_error *failure,
              int code,
              const char *object,
              const char *reason,
              ...) {
    char text[sizeof(failure->reason)];
    va_list arguments;

    if (!failure) {
        return code;
    }
    va_start(arguments, reason);
    vsnprintf(text, sizeof(text), reason, arguments);
    va_end(arguments);
    *failure = (struct tapgrant_error){.code = code};
    text_printable(object, failure->object, sizeof(failure->object));
    text_printable(text, failure->reason, sizeof(failure->reason));
    error_reason_code(failure, word_of(code));
    return code;
}

void error_reason_code(struct tapgrant_error *failure, const char *word) {
    if (failure) {
        snprintf(failure->reason_code, sizeof(failure->reason_code), "%s", word);
    }
}

void error_add_reason(struct tapgrant_error *failure, const char *piece, ...) {
    char text[sizeof(failure->reason)];
    char shown[sizeof(failure->reason)];
    va_list arguments;

    if (!failure) {
        return;
    }
    va_start(arguments, piece);
    vsnprintf(text, sizeof(text), piece, arguments);
    va_end(arguments);
    error_add(failure->reason, sizeof(failure->reason), "%s",
              text_printable(text, shown, sizeof(shown)));
}

void error_hint(struct tapgrant_error *failure, const char *hint, ...) {
    char text[sizeof(failure->hint)];
    va_list arguments;

    if (!failure) {
        return;
    }
    va_start(arguments, hint);
    vsnprintf(text, sizeof(text), hint, arguments);
    va_end(arguments);
    text_printable(text, failure->hint, sizeof(failure->hint));
}

void error_add(char *text, size_t size, const char *format, ...) {
    size_t used = strlen(text);
    va_list arguments;

    if (used) {
        used += (size_t)snprintf(text + used, size - used, "; ");
    }
    if (used >= size) {
        return;
    }
    va_start(arguments, format);
    vsnprintf(text + used, size - used, format, arguments);
    va_end(arguments);
}

const char *error_object(const struct interface *interface, char object[ERROR_OBJECT]) {
    if (interface->dev[0]) {
        snprintf(object, ERROR_OBJECT, "interface %s", interface->dev);
    } else if (interface->bridge[0]) {
        snprintf(object, ERROR_OBJECT, "bridge %s", interface->bridge);
    } else {
        snprintf(object, ERROR_OBJECT, "interface");
    }
    return object;
}

const char *error_object_of(const char *dev, char object[ERROR_OBJECT]) {
    char shown[INTERFACE_DEV];

    snprintf(object, ERROR_OBJECT, "interface %s", text_printable(dev, shown, sizeof(shown)));
    return object;
}

bool error_is_lack(int error) {
    return error == -EMFILE || error == -ENFILE || error == -ENOMEM || error == -ENOBUFS;
}

static void hint_lack(int error, struct tapgrant_error *failure) {
    if (error == -EMFILE) {
        error_hint(failure, "raise the limit of open files: ulimit -n");
    } else if (error == -ENFILE) {
        error_hint(failure, "the host has no open files left: sysctl fs.file-nr shows it");
    } else if (error == -ENOMEM || error == -ENOBUFS) {
        error_hint(failure, "free memory, or raise the limit: ulimit -v");
    }
}

int explain_call(const char *call, int error, struct tapgrant_error *failure) {
    error_set(failure, TAPGRANT_FAILED, call, "%s", strerror(-error));
    if (error_is_lack(error)) {
        error_reason_code(failure, "no_resources");
    }
    hint_lack(error, failure);
    if (error == -EAGAIN && !strcmp(call, "clone(2)")) {
        error_hint(failure,
                   "raise the limit of processes: ulimit -u, or pids.max of its control group");
    }
    return TAPGRANT_FAILED;
}

int explain_lookup(const char *object, int error, struct tapgrant_error *failure) {
    error_set(failure, TAPGRANT_FAILED, object, "cannot be looked up by rtnetlink(7): %s",
              strerror(-error));
    hint_lack(error, failure);
    return TAPGRANT_FAILED;
}

int explain_vanished(const char *object, struct tapgrant_error *failure) {
    error_set(failure, TAPGRANT_DEVICE, object, "vanished while it was being opened");
    error_hint(failure, "what removed it? try again once it is there");
    return TAPGRANT_DEVICE;
}

void hint_unknown_holder(const char *name, int error, struct tapgrant_error *failure) {
    if (error) {
        error_hint(failure,
                   "who holds it cannot be looked up in /proc: %s; "
                   "root finds it with tapgrant doctor %s",
                   strerror(-error), name);
    } else {
        error_hint(failure,
                   "the process that holds it is not yours to see: "
                   "root finds it with tapgrant doctor %s",
                   name);
    }
}

int explain_no_memory(struct tapgrant_error *failure) {
    error_set(failure, TAPGRANT_FAILED, "tapgrant", "out of memory");
    error_reason_code(failure, "no_resources");
    return TAPGRANT_FAILED;
}
