/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within the library: the helper's refusals in words.  All return the error's code. */
#pragma once

#include "lib/device.h"

/* There was no conversation with the helper: FAILED and CALL as helper_converse() has them. */
int explain_conversation(int failed, const char *call, int seconds, struct tapgrant_error *error);

/* It ended without an answer: WAIT_STATUS as of waitpid(2). */
int explain_silence(int wait_status, struct tapgrant_error *error);

/*
 * Its reply is no grant; INTERFACE and SPEC are those of reply->interface; TWICE: an earlier one of the request asks for its
 * guest-mac on its bridge, too.
 */
int explain_refusal(const struct wire_reply *reply, const struct interface *interface, const char *spec, bool twice,
                    struct tapgrant_error *error);
