/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within lint: what the words of a valid policy mean on this host, names as the files have them,
 * and otherwise the name service.  SUBUID is the text of /etc/subuid; NULL: it is not known.
 */
#pragma once

#include "conf/policy/policy.h"

#define WORD_ID 16 /* bytes of an id with its %, and a NUL */

/* The ids of a word of user =; of groups if it begins with %. */
struct word_ids {
    uint32_t first;
    uint32_t last;
};

/*
 * ids.c.  From here on ACCOUNTS, which may be NULL, have the ids of names, as for the helper; and
 * of names that are not there the name service, if it may be asked.  ACCOUNTS stay the caller's.
 */
void words_begin(const struct policy_accounts *accounts, bool may_ask);

/* The id of a name, as the word to write for it.  False: nobody has it. */
bool word_id(const char *word, char id[WORD_ID]);

/* False: nobody has the name. */
bool word_ids_read(const char *word, struct word_ids *ids);

/* Does the word name ids within one line of SUBUID?  Only such a word matches subordinate ids. */
bool word_is_subordinate(const char *word, const char *subuid);

/* Does this host have a user or group with an id of the word, or a subordinate id of it? */
bool word_has_people(const char *word, const struct policy_accounts *accounts);

/* Does the value of user = name one user alone? */
bool words_name_one_user(const char *words);

/* covers.c: does every word of NARROW mean no more than one of WIDE? */
bool users_cover(const char *wide, const char *narrow, const char *subuid);
bool bridges_cover(const char *wide, const char *narrow);

/* Into WORD a bridge that both values mean, as far as they tell: the narrower word. */
bool bridges_share(const char *one, const char *other, char word[POLICY_LINE + 1]);
