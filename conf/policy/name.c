// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The id of a name, for those who write it in the name's place.  The helper does not have this.
 */
#include "conf/policy/accounts.h"

#include <string.h>

bool policy_name_id(const struct policy_accounts *accounts, const char *word, uint32_t *id) {
    bool is_group = *word == '%';
    const char *name = word + is_group;

    if (!name[strspn(name, "0123456789-")] || strchr(name, ':')) {
        return false;
    }
    return account_find_id(is_group ? accounts->group : accounts->passwd, name, id);
}
