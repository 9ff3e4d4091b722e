/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within lint: warnings about one rule of a valid policy. */
#pragma once

#include "cli/lint/lint.h"

/* users.c: whom a rule names. */
void warn_nobody(struct lint *lint, const struct policy_rule *rule);
void warn_ids(struct lint *lint, const struct policy_rule *rule);
void warn_nameless(struct lint *lint, const struct policy_rule *rule);

/* devices.c: the names of taps, whose users could take each other's. */
void warn_ambiguous_names(struct lint *lint, const struct policy_rule *rule);
void warn_impossible_names(struct lint *lint, const struct policy_rule *rule);
