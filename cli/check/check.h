/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within check: the ways to show an answer. */
#pragma once

#include "cli/answer/answer.h"

#include <jansson.h>

/* print.c.  WHERE is that of struct interfaces. */
void answer_print(const struct check *check, const struct answer *answer, const char *where);

/* json.c.  NULL: out of memory. */
json_t *answer_json(const struct check *check, const struct answer *answer);

/*
 * rules.c: every rule that can give the user something, as text, or into ARRAY if it is not NULL.
 * *HAS_ANY: there is one.  Another code than TAPGRANT_OK: it is not known, and *ERROR says why.
 */
CHECKED int rules_tell(const struct check *check,
                       json_t *array,
                       bool *has_any,
                       struct tapgrant_error *error);
