// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/shared/policy_file.h"
#include "conf/file/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Frees TEXT. */
static int parse_text(struct policy *policy,
                      char *text,
                      size_t size,
                      bool *is_valid,
                      policy_fault_fn *fault,
                      void *context) {
    int error = policy_file_parse(policy, text, size, fault, context);

    free(text);
    if (error == -ENOMEM) {
        return error;
    }
    *is_valid = !error;
    return 0;
}

int policy_file_load(struct policy *policy, bool *is_valid, policy_fault_fn *fault, void *context) {
    char *text = NULL;
    size_t size;
    int error;

    *policy = (struct policy){.rules = NULL};
    *is_valid = false;
    error = file_read_trusted(POLICY_FOLDER, POLICY_FILE, POLICY_SIZE, &text, &size);
    if (error) {
        return error;
    }
    return parse_text(policy, text, size, is_valid, fault, context);
}

int policy_file_load_named(const char *path,
                           struct policy *policy,
                           bool *is_valid,
                           policy_fault_fn *fault,
                           void *context) {
    char *text = NULL;
    size_t size;
    int error;

    *policy = (struct policy){.rules = NULL};
    *is_valid = false;
    if (!strcmp(path, "-")) {
        error = file_read_input(POLICY_SIZE, &text, &size);
    } else {
        error = file_read_plain(path, POLICY_SIZE, &text, &size);
    }
    if (error) {
        return error;
    }
    return parse_text(policy, text, size, is_valid, fault, context);
}

bool policy_file_is_refused(int error) {
    switch (error) {
    case -EPERM:
    case -EINVAL:
    case -ELOOP:
    case -ENOENT:
    case -ENOTDIR:
    case -EFBIG:
    case -ENXIO:
    case -ENODEV:
        return true;
    default:
        return false;
    }
}

const char *policy_file_reason(int error) {
    switch (error) {
    case -EPERM:
        return "it or its folder is not root's, or others can write";
    case -ELOOP:
    case -EINVAL:
        return file_reason(error);
    default:
        return strerror(-error);
    }
}

const char *policy_file_remedy(int error) {
    switch (error) {
    case -EPERM:
        return "chown root:root " POLICY_FOLDER " " POLICY_PATH "; chmod go-w " POLICY_FOLDER
               " " POLICY_PATH;
    case -ELOOP:
        return "cp --remove-destination \"$(readlink -f " POLICY_PATH ")\" " POLICY_PATH;
    default:
        return NULL;
    }
}

void policy_file_free(struct policy *policy) {
    free(policy->rules);
    free(policy->text);
    *policy = (struct policy){.rules = NULL};
}
