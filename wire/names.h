/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Aliases and alternative names that tapgrant gives to links, and recognises them by.  Each is a
 * format for snprintf(3).  WORD formats are for sscanf(3), which takes at most the 32 bytes of a
 * word.
 *
 * Only CAP_NET_ADMIN in a link's network namespace can change its alias and alternative names.
 */
#pragma once

#define NAMES_WORD "%32[A-Za-z0-9_-]"

/* The alias of a tap that the helper made: the caller's uid and the rule. */
#define NAMES_GRANTED "tapgrant uid="
#define NAMES_GRANTED_FORMAT NAMES_GRANTED "%u rule=%s"

/* The alias of a tap that tapgrant-apply made: the label of its definition. */
#define NAMES_DECLARED "tapgrant declared="
#define NAMES_DECLARED_FORMAT NAMES_DECLARED "%s"
#define NAMES_DECLARED_WORD NAMES_DECLARED NAMES_WORD

/* An alternative name of a tap that the helper made: uid, rule and slot. */
#define NAMES_SLOT "quota.tapgrant."
#define NAMES_SLOT_FORMAT NAMES_SLOT "%u.%s.%u"
#define NAMES_SLOT_WORD NAMES_SLOT "%u." NAMES_WORD ".%d"
