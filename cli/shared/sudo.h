/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within the command: is it root's only because of sudo(8)? */
#pragma once

/*
 * The name, or the id, of the user who ran sudo to make this process root's.  NULL: it is not
 * root's, or not by sudo.  The environment says so, which the caller can write: it is good for
 * advice alone.
 */
const char *sudo_user(void);
