/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within links/: one question to rtnetlink(7), and the attributes of its answers.  Each question
 * has a socket of its own, so that threads need no lock.
 */
#pragma once

#include "wire/wire.h"

#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#define NETLINK_QUESTION 512 /* bytes; the longest has a name of 127 bytes */

struct netlink_question {
    _Alignas(struct nlmsghdr) char bytes[NETLINK_QUESTION];
};

/* The attributes of a message or of a nest, by their types. */
struct netlink_attributes {
    const struct nlattr *of_type[IFLA_MAX + 1]; /* NULL: it has none */
};

/* Begins a question.  FLAGS are added to NLM_F_REQUEST.  Attributes are put into the result. */
struct nlmsghdr *question_begin(struct netlink_question *question,
                               uint16_t type,
                               uint16_t flags,
                               const struct ifinfomsg *body);

/* Asks, and calls EACH with every message of the answer.  0 or a negative errno. */
CHECKED int question_exchange(const struct nlmsghdr *message, mnl_cb_t each, void *context);

/* Those of a message with a body of SIZE bytes. */
void netlink_attributes(const struct nlmsghdr *message,
                        unsigned size,
                        struct netlink_attributes *attributes);

/* Those of a nest.  NEST may be NULL: there are none. */
void netlink_nested(const struct nlattr *nest, struct netlink_attributes *attributes);

/* The number in an attribute of 1 or 4 bytes.  ABSENT: there is no attribute. */
uint32_t netlink_number(const struct nlattr *attribute, uint32_t absent);

/* Copies a text.  What does not fit is left out; TEXT stays as it is if there is no attribute. */
void netlink_text(const struct nlattr *attribute, char *text, size_t size);
